DROP TABLE consents, group_members, groups, people;
DROP FUNCTION search_text;
