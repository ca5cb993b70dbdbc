DROP TABLE gallery_changes, gallery_revision, enrolment_overrides, templates, photos, person_keys;
