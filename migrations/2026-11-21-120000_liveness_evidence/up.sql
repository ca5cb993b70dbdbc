-- What showed that a live person stood there: the cues of passive liveness, the challenge that was passed.
ALTER TABLE arrivals ADD COLUMN liveness_evidence jsonb;
