"""Prices that follow demand, inside the organiser's guard rails."""
