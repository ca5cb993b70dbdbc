DROP INDEX feed_gaps_lasting_key;
DROP INDEX attendance_days_open_idx;
DROP TABLE attendance_recomputes;
