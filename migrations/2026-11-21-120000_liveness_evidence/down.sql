ALTER TABLE arrivals DROP COLUMN liveness_evidence;
