"""The shop in figures: the catalogue of KPIs, how they are computed and kept, and the alerts."""
