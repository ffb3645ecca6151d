"""What the charts share with the page around them; the rest of their looks is Streamlit's theme for Plotly."""

from __future__ import annotations

import plotly.graph_objects as go

TEXT = ("#31333f", "#fafafa")
"""Colour of text on a light and on a dark page."""

CONFIG = {"displayModeBar": False}
"""For `st.plotly_chart`: no tools above a chart, whose numbers stand below it as a table."""


def ink_axes(figure: go.Figure, *, dark: bool) -> None:
    """Titles and labels of the axes and the legend in the colour of the page's text: the theme's grey is too faint."""
    font = {"color": TEXT[dark]}
    figure.update_xaxes(tickfont=font, title_font=font)
    figure.update_yaxes(tickfont=font, title_font=font)
    figure.update_layout(legend_font=font)
