DROP FUNCTION purge_marks;
DROP TABLE retention_runs, retention, consent_texts, consent_history;
