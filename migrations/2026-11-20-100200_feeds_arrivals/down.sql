DROP TABLE arrivals, feeds;
