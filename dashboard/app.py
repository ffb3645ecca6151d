"""The dashboard: `streamlit run dashboard/app.py`. Page configuration, navigation, routes and the door; nothing else.

Streamlit reads this file twice: the server imports it for `app`, and every visit runs it as a script.
"""

import importlib
import sys
import threading
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles


def hand_to(module, name):
    """An endpoint that hands its requests to a function of a registry that the pages write to."""

    async def endpoint(request):
        # Imported per request: Streamlit reloads edited modules, and this file would keep the old registry.
        registry = importlib.import_module(f"dashboard.{module}")
        return await getattr(registry, name)(request)

    return endpoint


def show_fault(error: Exception) -> bool:
    """What a visit sees of an error that nothing else has caught."""
    from dashboard.sections import fault

    return fault.show_fault(error)


def show_page() -> None:
    """What a visit runs."""
    from dashboard import steps
    from dashboard.sections.busy import page_turn
    from dashboard.sections.door import let_in
    from dashboard.state import activity, known_files, session

    st.set_page_config(
        page_title="IACA",
        page_icon=Path(__file__).parent / "favicon.svg",
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    st.html(Path(__file__).parent / "page.css")
    inside = let_in()
    session.keep_typed()
    page = st.navigation(
        [
            st.Page("app_pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
            st.Page("app_pages/your_video.py", title="Your video", icon=":material/video_file:"),
            st.Page("app_pages/corpus.py", title="Corpus", icon=":material/scatter_plot:"),
            st.Page("app_pages/robustness.py", title="Robustness", icon=":material/trending_down:"),
            st.Page("app_pages/results.py", title="Results", icon=":material/table_chart:"),
            st.Page("app_pages/about.py", title="About the models", icon=":material/account_tree:"),
        ],
        position="top" if inside else "hidden",
    )
    if not inside:
        return
    steps.give_way()
    with activity.logged(page.title), page_turn():
        page.run()
    # Last: the curves are on their way, and a step does not wait for the disk.
    if known_files.look_again():
        st.rerun()


if __name__ == "__main__":
    show_page()
elif __name__ != "__mp_main__":  # a worker process imports the script of its parent, and is no server
    from dashboard import steps
    from dashboard.admission import Admission
    from dashboard.components import player
    from dashboard.health import HEALTH, READY, serve_health, serve_ready
    from dashboard.routes import ROUTE, SOUNDS, TABLES
    from dashboard.services.decoding import warm_up
    from dashboard.state import visit
    from dashboard.state.folders import read_options
    from dashboard.state.login import LoginError, check_login, lets_in
    from dashboard.upload_room import quota_of
    from dashboard.uploads import UploadsToDisk
    from iaca.listening import ListeningError, check_listening
    from iaca.logs import configure

    options = read_options()
    configure(options.log_level, as_json=options.log_json, visit=visit.short_id)
    try:
        check_listening(st.get_option("server.address") or "", locked=options.locked, trusted=options.trust_network)
        check_login(options)
    except (ListeningError, LoginError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    # Torch takes seconds to import: begin while the browser still loads the page.
    threading.Thread(target=importlib.import_module, args=("dashboard.services.traces",), daemon=True).start()
    threading.Thread(target=warm_up, daemon=True).start()
    app = st.App(
        Path(__file__),
        routes=[
            Route(HEALTH, serve_health),
            Route(READY, serve_ready),
            Route(f"{ROUTE}/{{identifier:path}}", hand_to("routes", "serve")),
            Route(f"{TABLES}/{{identifier}}", hand_to("routes", "serve_table")),
            Route(f"{SOUNDS}/{{identifier}}", hand_to("routes", "serve_sound")),
            Route(f"{steps.ROUTE}/{{identifier}}", hand_to("steps", "serve"), methods=["POST"]),
            Mount(f"{player.ROUTE}/{{version}}", StaticFiles(directory=player.MODULES)),
        ],
        middleware=[
            Middleware(Admission, names=options.allow_host, lets_in=lets_in if options.login else None),
            Middleware(UploadsToDisk, quota=quota_of(options), largest=st.get_option("server.maxUploadSize") * 2**20),
        ],
        on_script_error=show_fault,
    )
