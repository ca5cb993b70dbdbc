ALTER TABLE attendance_days DROP COLUMN seen_minutes;
ALTER TABLE retention DROP COLUMN arrivals_erased_until;
