"""The dashboard: pages that play a video beside what models attend to, choose and predict."""
