DROP TABLE review_faces;
DROP TABLE review_items;
DROP TABLE review_settings;
DROP TABLE non_matches;
