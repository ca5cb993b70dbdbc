-- The model packs that templates are kept of. One is in use; another may be prepared beside it, and the one used
-- before stays until it is forgotten, so that the change can be undone.
CREATE TABLE model_packs (
    id text PRIMARY KEY,
    active boolean NOT NULL DEFAULT false,
    activated_at timestamptz,
    added_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX model_packs_one_active ON model_packs (active) WHERE active;

-- What there is comes from the pack that made most of it.
INSERT INTO model_packs (id, active, activated_at)
SELECT model_pack, row_number() OVER (ORDER BY count(*) DESC, model_pack) = 1, now()
FROM templates GROUP BY model_pack;

-- Forgetting a pack forgets its templates, and nobody can store one of a pack that was forgotten meanwhile.
ALTER TABLE templates
    ADD CONSTRAINT templates_model_pack_fkey FOREIGN KEY (model_pack) REFERENCES model_packs ON DELETE CASCADE;

-- Photos that a pack finds no usable face in. How far a change is, is what photos have neither a template nor
-- a row here: there is no other progress to keep, and a restart goes on where it was.
CREATE TABLE unusable_photos (
    photo_id uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
    model_pack text NOT NULL REFERENCES model_packs ON DELETE CASCADE,
    reason text NOT NULL,
    PRIMARY KEY (photo_id, model_pack)
);

-- Comparison scores mean something in their own pack alone, so a feed's own threshold and margin count only with
-- the pack that they were set for.
ALTER TABLE feeds ADD COLUMN tuned_for text;
UPDATE feeds SET tuned_for = (SELECT id FROM model_packs WHERE active)
WHERE threshold IS NOT NULL OR margin IS NOT NULL;

-- Faces (tracks) seen a day, over all feeds: what the risk of a false match is worked out from.
CREATE TABLE face_counts (
    day date PRIMARY KEY,
    faces bigint NOT NULL
);
