"""Contracts: the records of all topics as pydantic models, and their JSON Schemas."""
