"""Figures over time: sales, funnels, forecasts."""
