"""The dashboard: `streamlit run dashboard/app.py`. Page configuration, navigation and routes; nothing else.

Streamlit reads this file twice: the server imports it for `app`, and every visit runs it as a script.
"""

import importlib
import threading
from pathlib import Path

import streamlit as st
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles


async def serve_media(request):
    """Hand the request to the registry that the pages write to."""
    # Imported per request: Streamlit reloads edited modules, and this file would keep the old registry.
    from dashboard import media

    return await media.serve(request)


def show_page() -> None:
    """What a visit runs."""
    st.set_page_config(page_title="IACA", page_icon=Path(__file__).parent / "favicon.svg", layout="wide")
    st.navigation([st.Page("app_pages/compare.py", title="Compare", icon=":material/compare_arrows:")]).run()


if __name__ == "__main__":
    show_page()
else:
    from dashboard.components import player
    from dashboard.media import ROUTE

    player.provide_plotly()
    # Torch takes seconds to import: begin while the browser still loads the page.
    threading.Thread(target=importlib.import_module, args=("dashboard.services",), daemon=True).start()
    app = st.App(
        Path(__file__),
        routes=[
            Route(f"{ROUTE}/{{identifier:path}}", serve_media),
            Mount(f"{player.ROUTE}/{{version}}", StaticFiles(directory=player.MODULES)),
        ],
    )
