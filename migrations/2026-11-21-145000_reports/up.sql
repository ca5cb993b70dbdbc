-- A register reads the days of one person after the other, in the order of names.
CREATE INDEX attendance_days_person_idx ON attendance_days (person_id, day);
