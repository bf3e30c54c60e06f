"""Evaluation: scores of models, fusion of streams, reports, tables and figures."""
