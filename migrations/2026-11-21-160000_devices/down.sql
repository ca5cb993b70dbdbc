DROP TABLE seal_keys;
ALTER TABLE feed_gaps DROP COLUMN filled_at;
DROP INDEX arrivals_doubtful_idx;
ALTER TABLE arrivals
    DROP COLUMN confirmed_by,
    DROP COLUMN confirmed_at,
    DROP COLUMN provisional,
    DROP CONSTRAINT arrivals_source_kind;
UPDATE arrivals SET source_kind = 'post' WHERE source_kind IN ('replay', 'kiosk');
ALTER TABLE arrivals ADD CONSTRAINT arrivals_source_kind CHECK (source_kind IN ('post', 'live'));
ALTER TABLE feeds
    DROP COLUMN served_by,
    DROP COLUMN settings_revision,
    DROP COLUMN device_settings,
    ADD COLUMN token_hash bytea CONSTRAINT feeds_token_hash_key UNIQUE;
-- A deleted feed has no token; it keeps a hash that none leads to.
UPDATE feeds SET token_hash = coalesce(
    (SELECT t.token_hash FROM feed_tokens t WHERE t.feed_id = feeds.id AND t.kind = 'device'
        AND t.revoked_at IS NULL ORDER BY t.created_at DESC LIMIT 1),
    decode(md5(id::text), 'hex'));
ALTER TABLE feeds ALTER COLUMN token_hash SET NOT NULL;
DROP TABLE kiosk_check_ins, badges, person_pins, kiosk_pairings, feed_devices, feed_tokens;
