"""Addresses of calls: pages for people, and doors for programs."""
