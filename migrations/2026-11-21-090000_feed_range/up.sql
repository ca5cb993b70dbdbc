-- How small the faces are that a feed looks for, and what becomes of doubtful liveness evidence.
ALTER TABLE feeds
    ADD COLUMN range text NOT NULL DEFAULT 'near'
        CONSTRAINT feeds_range CHECK (range IN ('near', 'medium', 'far')),
    ADD COLUMN on_doubt text NOT NULL DEFAULT 'review'
        CONSTRAINT feeds_on_doubt CHECK (on_doubt IN ('review', 'challenge'));
