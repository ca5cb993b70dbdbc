DROP TABLE settings, audit, sign_in_failures, sessions, users;
