DROP TABLE api_keys;
ALTER TABLE settings DROP COLUMN admins_need_second_factor;
DROP TABLE recovery_codes;
DROP TABLE second_factors;
ALTER TABLE sessions DROP COLUMN confirmed_at, DROP COLUMN id;
DROP TABLE invitations;
DELETE FROM users WHERE password_hash IS NULL;
ALTER TABLE users DROP COLUMN disabled_at, ALTER COLUMN password_hash SET NOT NULL;
