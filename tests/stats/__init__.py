"""Tests of boundary.stats."""
