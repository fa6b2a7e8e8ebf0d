"""Telling people: mail and live notices."""
