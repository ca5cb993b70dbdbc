-- Up to when arrivals were erased because their period was over: states of days before that are not worked out from
-- arrivals any more, but from what those days say was seen. It never goes back.
ALTER TABLE retention ADD COLUMN arrivals_erased_until timestamptz;
UPDATE retention SET arrivals_erased_until = now() - make_interval(days => arrivals_days);

-- Minutes there as they were seen, where a mark says that the person was not there; for the day that it is taken back.
ALTER TABLE attendance_days ADD COLUMN seen_minutes integer;
