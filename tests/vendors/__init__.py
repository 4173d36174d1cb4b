"""The services that Vutler speaks to, as servers of the tests, written from their public pages."""
