"""What an evaluation consists of: scores of models, their fusion, reports, tables and figures."""
