"""About the models: the two-stage gate drawn, its equations, what the curves mean, and what we decided."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import streamlit as st

from dashboard.components.gate_diagram import GATES, gate_diagram
from dashboard.sections import tour
from dashboard.sections.notices import attempt, literal
from dashboard.sections.page import Page, begin_page, last_seen_models
from dashboard.services import corpora, model_files, traces
from dashboard.state import address, session
from dashboard.timeline import meanings
from iaca.config import TARGETS
from iaca.figures import palette
from iaca.headers import shortened

EQUATIONS = (
    (
        "Cross-attention (CA), eqs 1 to 4",
        "Each clip of one modality attends to every clip of the other, through a learned correlation. The columns of "
        "both maps sum to 1; the residual is what attention adds.",
        (
            r"Z = X_a^\top W X_v",
            r"A_a = \operatorname{softmax}(Z),\quad A_v = \operatorname{softmax}(Z^\top) \qquad (1)",
            r"\hat X_a = X_a A_a,\quad \hat X_v = X_v A_v \qquad (2)",
            r"X_{att,a} = \tanh(X_a + \hat X_a) \qquad (3)",
            r"X_{att,v} = \tanh(X_v + \hat X_v) \qquad (4)",
        ),
    ),
    (
        "Stage 1: which feature of a modality",
        "For each modality, a gate weighs its own (self-attended) feature against its cross-attended one. Where the "
        "other modality does not help, the gate can bypass it.",
        (
            r"W_{go,m} = X_{att,m}^\top W_{gl,m},\quad m \in \{a, v\} \qquad (5)",
            r"G_m = \operatorname{softmax}(W_{go,m} / T) \qquad (6)",
            r"X_{att,gv} = \operatorname{ReLU}(X_v \otimes G_{v0} + X_{att,v} \otimes G_{v1}) \qquad (7)",
            r"X_{att,ga} = \operatorname{ReLU}(X_a \otimes G_{a0} + X_{att,a} \otimes G_{a1}) \qquad (8)",
        ),
    ),
    (
        "Stage 2: which modality",
        "A second gate weighs the audio, the visual and the joint feature, where the joint feature is "
        r"$X_{att,gav} = FC([X_{att,ga}; X_{att,gv}])$.",
        (
            r"X_{att,g} = \operatorname{ReLU}(X_{att,ga} \otimes G_{av0} + X_{att,gv} \otimes G_{av1} + "
            r"X_{att,gav} \otimes G_{av2}) \qquad (9)",
        ),
    ),
)

INFLUENCE = (
    r"\phi_a = \tfrac{1}{2}\left[(y_a - y_0) + (y - y_v)\right],\quad "
    r"\phi_v = \tfrac{1}{2}\left[(y_v - y_0) + (y - y_a)\right],\quad \phi_a + \phi_v = y - y_0",
    r"\text{interaction} = y - y_a - y_v + y_0",
)

RELATED_GATES = (
    (
        "**GMU** (Arevalo 2020), in the place of stage 2",
        r"z = \sigma(W_z [A_a; A_v]),\quad h = z \otimes \tanh(W_a A_a) + (1 - z) \otimes \tanh(W_v A_v)",
    ),
    (
        "**Gated sequence** (Aspandi 2022), in the place of stage 2: a GMU's gate that also reads an LSTM's memory",
        r"z_t = \sigma(W_z [A_{a,t}; A_{v,t}; h_{t-1}] + b_z),\quad h_t = \operatorname{LSTM}("
        r"z_t \otimes \tanh(W_a A_{a,t} + b_a) + (1 - z_t) \otimes \tanh(W_v A_{v,t} + b_v), h_{t-1})",
    ),
    (
        "**Conditional gate** (Kumar & Vepa 2020), in the place of stage 1",
        r"G = \sigma(W_g [X; A] + b_g),\quad X_{att,gm} = G \otimes \tanh(W_f [X; A] + b_f) + (1 - G) \otimes X",
    ),
    (
        "**Forget gate** (Jiang & Ji 2022), in the place of stage 1; its rows are the shares of 1 and of the mean of f",
        r"f = \sigma(W_f [A; X] + b_f),\quad X_{att,gm} = \operatorname{ReLU}(X + f \otimes W_m A)",
    ),
    (
        "**Leaky gate** (Lee 2022), in the place of stage 1: the gate of eq 6, which lets some of either feature pass",
        r"L_m = \alpha + (1 - 2 \alpha) G_m,\quad X_{att,gm} = L_{m0} \otimes X + L_{m1} \otimes A,\quad \alpha = 0.1",
    ),
)

DECISIONS = """
The paper leaves some details open, and in a few places we do not follow it.

- **Choice:** the input of the audio-visual gate is not given; it is the concatenation of all three features.
- **Deviates:** the temperature T is "small", 0.1 in the authors' related code. It is 0.5 here, at which gates jump less
  and die less often; models without our extensions keep 0.1. What if changes it.
- **Choice:** "self-attended" in eqs 7 and 8 means the feature that enters the fusion.
- **Choice:** both attention maps are normalised by column; eq 1 normalises one of them along the other axis.
- **Choice:** attention scores, which the paper plots without defining them, are *contribution* and *received*.
- **Deviates:** Z is divided by the square root of its dimension; of standardised features its softmax puts most of its
  weight on one clip from the start otherwise. Of features of unit length, as in the authors' code, it is almost
  uniform.
- **Deviates:** gate layers start at zero; with a small T the default start saturates, and training can collapse.
- **Deviates:** the gates of the models shown here may read both attended features: a gate as in eq 5 cannot see that
  the *other* modality is bad. `python -m iaca describe FILE` prints how a checkpoint was made.
"""


def show() -> None:
    """The page."""
    page = begin_page()
    st.title("About the models")
    st.markdown(
        "Inconsistency-aware cross-attention (IACA) adds two gates to cross-attention between a voice and a face, so "
        "that a model can decide, clip by clip, how far to trust each. Source: Praveen & Alam, "
        "[arXiv:2405.12853](https://arxiv.org/abs/2405.12853); the figure follows its Fig 2."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link("app_pages/compare.py", label="Back to Compare", icon=":material/arrow_back:")
        tour.offer()
    weights, subject, caption = _weights(page)
    colours = {"audio": palette.AUDIO, "visual": palette.VISUAL, "joint": palette.JOINT}
    gate_diagram(weights, subject=subject, colours=colours)
    st.caption(literal(caption))
    page.show_notices(st.container())
    for title, sentence, equations in EQUATIONS:
        st.subheader(title)
        st.markdown(sentence)
        for equation in equations:
            st.latex(equation)
    st.subheader("Gates of related work")
    st.markdown(
        "Other papers' gates, rebuilt for the place of a stage of IACA so that each can be trained on the same "
        "features: GMU from its equations, the forget gate from equations as others implement them, the rest from "
        "descriptions. $X$ is a modality's own feature, $A$ its cross-attended one; where a gate has a value per "
        "dimension, its row shows their mean."
    )
    for sentence, equation in RELATED_GATES:
        st.markdown(sentence)
        st.latex(equation)
    st.subheader("Influence of audio and visual")
    st.markdown(
        "How far each modality moves a prediction: $y$ is the prediction, $y_a$ that from the audio alone, $y_v$ from "
        "the visual modality alone and $y_0$ from none; what is removed gives way to the backbone's output for zeros, "
        "as in simulated dropout. The influences are Shapley values of two players. "
        f"{meanings.relation_sentence('a target', session.THRESHOLD.default)} The kinds follow M2Lens (Wang et al., "
        "2021), which leaves the threshold to its user; the sidebar of Compare sets it."
    )
    for equation in INFLUENCE:
        st.latex(equation)
    st.subheader("What the rows mean")
    st.markdown(meanings.markdown_table((*meanings.ROWS, meanings.BANDS, meanings.DIFFER)))
    st.subheader("Choices and deviations")
    st.markdown(DECISIONS)
    st.subheader("The demo data")
    st.markdown(
        "The demo corpus is synthetic: its faces are drawn and its voices synthesised, and the models that ship were "
        "trained on such data. What they say about real people means nothing."
    )


def _weights(page: Page) -> tuple[pd.DataFrame, str, str]:
    """Gates of the model and the subject of the address, else of what Compare showed last, else of the first."""
    shelf = model_files.shelf(page.folders.checkpoints)
    gated = [model for model in (*last_seen_models(shelf), *shelf.models) if model.iaca]
    files = {model.path.name: model for model in gated}
    subjects = {one.name: one.features for one in corpora.corpus(page.folders).subjects if one.features}
    seen = session.last_view()
    empty = pd.DataFrame()
    if not gated or not subjects:
        return empty, "", "No model with gates, or no subject with features, was found, so the figure has no numbers."
    model = files[_asked(session.CHECKPOINT, files, gated[0].path.name)]
    name = _asked(
        session.SUBJECT, subjects, seen.subject if seen and seen.subject in subjects else next(iter(subjects))
    )
    device = page.device()
    trace = attempt(lambda: traces.trace(subjects[name], model.path, device), page.notices)
    if trace is None:
        return empty, "", "The gates of this model cannot be shown."
    target = next(target for target in TARGETS if target in trace.scores)
    frames = trace.frames[["pts_s", *(f"{target}_{gate}" for gate in GATES)]].astype("float32")
    frames.columns = ["pts_s", *GATES]
    caption = (
        f"Weights of {model.title} ({model.path.name}) on {name}, without dropout, at the last clip that ended. "
        "Thicker wires weigh more. Dashed: what a gate reads and controls."
    )
    return frames, name, caption


def _asked(field: session.Field, known: Collection[str], usual: str) -> str:
    """What the address asks for, or else what is usual, which it then holds: a link shows the same elsewhere."""
    asked = session.asked(field)
    if asked is not None and asked not in known:
        address.report(f"This link sets {field.key} to {shortened(asked)}, which is not there; showing {usual!r}.")
    chosen = asked if asked is not None and asked in known else usual
    address.put_into_url(field, chosen)
    return chosen


show()
