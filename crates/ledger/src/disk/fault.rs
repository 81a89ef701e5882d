//! A disk in memory on which anything can go wrong.
