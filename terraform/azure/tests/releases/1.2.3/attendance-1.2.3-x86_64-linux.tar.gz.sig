a signature of the tests
