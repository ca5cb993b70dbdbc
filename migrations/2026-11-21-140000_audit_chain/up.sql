-- The audit is a chain. An entry is written in the transaction of what it tells of, without waiting for anybody, and
-- joins the chain once that has committed: a server takes one lock and appends what is pending. So entries never hold
-- up the transactions they belong to, and the key of the chain never comes here. Entries from before join first.
--
-- The values of an entry (who, whom, what before and after) are in the chain by a salted hash. Erasure empties values
-- and salt; what is left proves that there was an entry, of which kind and when.
ALTER TABLE audit
    ADD COLUMN salt bytea DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    ALTER COLUMN detail DROP NOT NULL;
CREATE INDEX audit_subject_idx ON audit (subject_id, id DESC) WHERE subject_id IS NOT NULL;
CREATE INDEX audit_actor_idx ON audit (actor_id, id DESC) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_action_idx ON audit (action, id DESC);

CREATE TABLE audit_chain (
    seq bigint PRIMARY KEY,
    -- No reference: a deleted entry is to be found out, not prevented.
    audit_id bigint NOT NULL CONSTRAINT audit_chain_audit_id_key UNIQUE,
    values_hash bytea NOT NULL,
    -- HMAC-SHA-256 over the hash before, the sequence, what is not erased of the entry, and values_hash.
    hash bytea NOT NULL
);

-- Entries that have not joined the chain yet.
CREATE TABLE audit_pending (audit_id bigint PRIMARY KEY);
INSERT INTO audit_pending SELECT id FROM audit;

CREATE FUNCTION audit_note_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_pending SELECT id FROM fresh;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_note_pending AFTER INSERT ON audit
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION audit_note_pending();

-- The application may empty values, all of them at once, and write no others.
CREATE FUNCTION audit_only_empties() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF num_nonnulls(NEW.actor_id, NEW.subject_id, NEW.detail, NEW.salt) > 0 THEN
        RAISE insufficient_privilege USING MESSAGE = 'permission denied: values of the audit can only be emptied';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_only_empties BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_only_empties();

GRANT UPDATE (actor_id, subject_id, detail, salt) ON audit TO attendance_app;
REVOKE UPDATE, DELETE ON audit_chain FROM attendance_app;
REVOKE UPDATE ON audit_pending FROM attendance_app;
