DROP TABLE face_counts;
ALTER TABLE feeds DROP COLUMN tuned_for;
DROP TABLE unusable_photos;
ALTER TABLE templates DROP CONSTRAINT templates_model_pack_fkey;
DROP TABLE model_packs;
