"""Trains and converts what compares words."""
