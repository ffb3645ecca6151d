"""Whole models a second time, from raw features and a state dict to predictions, in plain NumPy, window by window.

Features are d x L, as the paper writes them. Weights are looked up by their names in the state dict; settings are the
plain values of a configuration. Nothing of the project's models is imported.
"""

from __future__ import annotations

import math

import numpy as np

from tests import reference, reference_gates
from tests.reference import relu, softmax
from tests.reference_gates import sigma


class Weights:
    """Tensors of a state dict under a prefix: `w["fc.weight"]`, `w.under("gating")`."""

    def __init__(self, state, prefix=""):
        self.state, self.prefix = state, prefix

    def __getitem__(self, name):
        return self.state[self.prefix + name]

    def __contains__(self, name):
        return self.prefix + name in self.state

    def under(self, name):
        return Weights(self.state, f"{self.prefix}{name}.")

    def linear(self, name, X):
        """Map every column of X."""
        bias = self[f"{name}.bias"][:, None] if f"{name}.bias" in self else 0
        return self[f"{name}.weight"] @ X + bias


def normalised(w, modality, features, how):
    """`features` is D_m x L."""
    if how == "zscore":
        return (features - w[f"{modality}_mean"][:, None]) / w[f"{modality}_scale"][:, None]
    if how == "l2":
        return np.stack([x / max(math.sqrt((x * x).sum()), 1e-12) for x in features.T], axis=1)
    return features


def lstm(w, X, suffix):
    """One direction of an LSTM over the columns of X; the reverse one has its own suffix and order."""
    hidden = w[f"weight_hh_l0{suffix}"].shape[1]
    h, c = np.zeros(hidden), np.zeros(hidden)
    states = {}
    for clip in range(X.shape[1])[:: -1 if suffix else 1]:
        rows = w[f"weight_ih_l0{suffix}"] @ X[:, clip] + w[f"bias_ih_l0{suffix}"]
        rows = rows + w[f"weight_hh_l0{suffix}"] @ h + w[f"bias_hh_l0{suffix}"]
        i, f, g, o = np.split(rows, 4)
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = states[clip] = sigma(o) * np.tanh(c)
    return np.stack([states[clip] for clip in range(X.shape[1])], axis=1)


def blstm(w, X):
    return np.concatenate((lstm(w, X, ""), lstm(w, X, "_reverse")))


def layer_norm(w, X):
    """Of each column."""
    centred = X - X.mean(0)
    return centred / np.sqrt((centred**2).mean(0) + 1e-5) * w["weight"][:, None] + w["bias"][:, None]


def multi_head(w, queries, keys, heads):
    """Attention of d x L queries to d x L keys, which are values too; returns d x L and weights, queries x keys."""
    d = queries.shape[0]
    W, b = w["in_proj_weight"], w["in_proj_bias"][:, None]
    Q, K, V = W[:d] @ queries + b[:d], W[d : 2 * d] @ keys + b[d : 2 * d], W[2 * d :] @ keys + b[2 * d :]
    size, found, maps = d // heads, [], []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        A = softmax(Q[part].T @ K[part] / math.sqrt(size), 1)
        found.append(V[part] @ A.T)
        maps.append(A)
    return w.linear("out_proj", np.concatenate(found)), sum(maps) / heads


def positions(d, clips):
    return np.array(
        [
            [(math.cos if row % 2 else math.sin)(clip / 10000 ** ((row - row % 2) / d)) for clip in range(clips)]
            for row in range(d)
        ]
    )


def tca(w, X_a, X_v, s):
    def layer(w, stream, other):
        added, weights = multi_head(
            w.under("cross_attention"), layer_norm(w.under("query_norm"), stream),
            layer_norm(w.under("other_norm"), other), s["num_heads"],
        )  # fmt: skip
        stream = stream + added
        normed = layer_norm(w.under("self_norm"), stream)
        stream = stream + multi_head(w.under("self_attention"), normed, normed, s["num_heads"])[0]
        normed = layer_norm(w.under("feed_forward_norm"), stream)
        return stream + w.linear("feed_forward.3", relu(w.linear("feed_forward.0", normed))), weights

    place = positions(*X_a.shape)
    a, v = X_a + place, X_v + place
    for i in range(s["num_layers"]):
        (a, A_a), (v, A_v) = layer(w.under(f"audio_layers.{i}"), a, v), layer(w.under(f"visual_layers.{i}"), v, a)
    a, v = layer_norm(w.under("audio_norm"), a), layer_norm(w.under("visual_norm"), v)
    return X_a, X_v, a, v, a - X_a, v - X_v, A_a.T, A_v.T


def one_jca(w, X_a, X_v):
    sides = [{n: w[f"{n}_{m}"] for n in ("W_j", "W", "W_c", "W_h")} for m in ("audio", "visual")]
    return reference.joint_cross_attention(X_a, X_v, *sides)


def jca(w, X_a, X_v, s):
    (a, C_a), (v, C_v) = one_jca(w, X_a, X_v)
    return X_a, X_v, a, v, a - X_a, v - X_v, C_a, C_v


def rjca(w, X_a, X_v, s):
    if s["recurrent"]:
        X_a, X_v = blstm(w.under("audio_recurrence.lstm"), X_a), blstm(w.under("visual_recurrence.lstm"), X_v)
    a, v = X_a, X_v
    for i in range(s["num_recursions"]):
        (a, C_a), (v, C_v) = one_jca(w.under(f"recursions.{i}"), a, v)
    return X_a, X_v, a, v, a - X_a, v - X_v, C_a, C_v


def ca(w, X_a, X_v, s):
    scale = 1 / math.sqrt(X_a.shape[0]) if s["scale_correlation"] else 1.0
    _, A_a, A_v, a, v = reference.cross_attention(X_a, X_v, w["W"], scale)
    return X_a, X_v, a, v, X_a @ A_a, X_v @ A_v, A_a, A_v


def concat(w, X_a, X_v, s):
    return X_a, X_v, X_a, X_v, None, None, None, None


FUSIONS = {"concat": concat, "ca": ca, "tca": tca, "jca": jca, "rjca": rjca}


def iaca(w, X_a, X_v, a, v, s):
    """Both stages of IACA, those that the settings have; returns X_att,g and the weights by stage."""
    T, clips, seen = s["gate_temperature"], X_a.shape[1], {}
    if s["stage1"]:
        both = np.concatenate((a, v))
        for m, own in (("audio", a), ("visual", v)):
            if s["gate"] == "learned":
                logits = (both if s["stage1_context"] == "both" else own).T @ w[f"W_gl_{m}"]
            else:
                logits = np.tile(w[f"blind_{m}"] if s["gate"] == "blind" else np.zeros(2), (clips, 1))
            seen[f"stage1_{m}"] = softmax(logits / T, 1)
        G_a, G_v = seen["stage1_audio"], seen["stage1_visual"]
        gated_a, gated_v = relu(X_a * G_a[:, 0] + a * G_a[:, 1]), relu(X_v * G_v[:, 0] + v * G_v[:, 1])
    else:
        gated_a, gated_v = relu(a), relu(v)
    joint = w.linear("fc", np.concatenate((gated_a, gated_v)))
    if not s["stage2"]:
        return joint, seen, None
    if s["gate"] == "learned":
        read = np.concatenate((gated_a, gated_v, joint)) if s["stage2_input"] == "all" else joint
        logits = w.linear("gate_av", read).T
    else:
        logits = np.tile(w["blind_av"] if s["gate"] == "blind" else np.zeros(3), (clips, 1))
    G = seen["stage2"] = softmax(logits / T, 1)
    return relu(gated_a * G[:, 0] + gated_v * G[:, 1] + joint * G[:, 2]), seen, (gated_a, gated_v, joint)


def predicted(trunk, head, features, s):
    """What the head makes of d x L features, after the joint BLSTM of RJCA: L values."""
    if s["fusion"] == "rjca" and s["recurrent"]:
        features = blstm(trunk.under("before_head.lstm"), features)
    return head.linear("3", relu(head.linear("0", features)))[0]


def model(state, settings, audio, visual):
    """A model on one window, D_a x L and D_v x L.

    Returns:
        Target -> a dict: `prediction` (L), `branches` (up to three of L), gate weights by stage, `audio_map` and
        `visual_map`, and the contribution of attention to each modality.
    """
    w, s, found = Weights(state), settings, {}
    X = {}
    for m, features in (("audio", audio), ("visual", visual)):
        X[m] = normalised(w, m, features, s["normalise"])
        if f"{m}_projection.weight" in w:
            X[m] = w.linear(f"{m}_projection", X[m])
    for target in s["targets"]:
        trunk = w.under("trunks").under("shared" if s["trunk"] == "shared" else target)
        X_a, X_v, a, v, added_a, added_v, map_a, map_v = FUSIONS[s["fusion"]](
            trunk.under("attention"), X["audio"], X["visual"], s
        )
        seen, branches = {}, None
        if not s["iaca"]:
            fused = np.concatenate((a, v))
        elif s["gate"] in reference_gates.GATES:
            extra = {"T": s["gate_temperature"]} if s["gate"] == "leaky" else {}
            fused, seen = reference_gates.GATES[s["gate"]](trunk.under("gating"), X_a, X_v, a, v, **extra)
        else:
            fused, seen, branches = iaca(trunk.under("gating"), X_a, X_v, a, v, s)

        head = w.under(f"heads.{target}")
        found[target] = {
            "prediction": predicted(trunk, head, fused, s),
            "branches": [predicted(trunk, head, relu(branch), s) for branch in branches or ()],
            "audio_map": map_a,
            "visual_map": map_v,
            "audio_contribution": None if added_a is None else reference.contribution(X_a, added_a),
            "visual_contribution": None if added_v is None else reference.contribution(X_v, added_v),
            **seen,
        }
    return found
