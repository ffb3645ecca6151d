"""The gates of related work a second time, in plain NumPy, clip by clip and dimension by dimension as equations read.

Features are d x L. Weights are given by name, as the state dict of a gate holds them.
"""

from __future__ import annotations

import numpy as np

from tests.reference import softmax


def sigma(x):
    return 1 / (1 + np.exp(-x))


def unit(W_a, W_v, W_z, bias_a, bias_v, bias_z, x_a, x_v, read):
    """One step of a gated multimodal unit; returns h and z, d values each."""
    h_a, h_v = np.tanh(W_a @ x_a + bias_a), np.tanh(W_v @ x_v + bias_v)
    z = sigma(W_z @ read + bias_z)
    return np.array([z[i] * h_a[i] + (1 - z[i]) * h_v[i] for i in range(len(z))]), z


def gmu(w, X_a, X_v, X_att_a, X_att_v):
    """Arevalo 2020; returns d x L and the weights of stage 2, L x 3."""
    fused, weights = np.empty_like(X_a), []
    for clip in range(X_a.shape[1]):
        x_a, x_v = X_att_a[:, clip], X_att_v[:, clip]
        fused[:, clip], z = unit(
            w["W_audio.weight"], w["W_visual.weight"], w["W_z.weight"], 0, 0, 0, x_a, x_v, np.concatenate((x_a, x_v))
        )
        weights.append((z.mean(), 1 - z.mean(), 0))
    return fused, {"stage2": np.array(weights)}


def gated_sequence(w, X_a, X_v, X_att_a, X_att_v):
    """Aspandi 2022; the LSTM's rows are those of its input, forget, cell and output gate."""
    d, clips = X_a.shape
    h, c = np.zeros(d), np.zeros(d)
    fused, weights = np.empty_like(X_a), []
    for clip in range(clips):
        x_a, x_v = X_att_a[:, clip], X_att_v[:, clip]
        u, z = unit(
            w["W_audio.weight"], w["W_visual.weight"], w["W_z.weight"],
            w["W_audio.bias"], w["W_visual.bias"], w["W_z.bias"], x_a, x_v, np.concatenate((x_a, x_v, h)),
        )  # fmt: skip
        rows = w["cell.weight_ih"] @ u + w["cell.bias_ih"] + w["cell.weight_hh"] @ h + w["cell.bias_hh"]
        i, f, g, o = rows[:d], rows[d : 2 * d], rows[2 * d : 3 * d], rows[3 * d :]
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = sigma(o) * np.tanh(c)
        fused[:, clip] = h
        weights.append((z.mean(), 1 - z.mean(), 0))
    return fused, {"stage2": np.array(weights)}


def joined(w, gated_a, gated_v):
    return w["fc.weight"] @ np.concatenate((gated_a, gated_v)) + w["fc.bias"][:, None]


def conditional(w, X_a, X_v, X_att_a, X_att_v):
    """Kumar & Vepa 2020; returns d x L and the weights of stage 1, L x 2 each."""

    def side(m, P, Q):
        gated, weights = np.empty_like(P), []
        for clip in range(P.shape[1]):
            both = np.concatenate((P[:, clip], Q[:, clip]))
            F = np.tanh(w[f"W_f.{m}.weight"] @ both + w[f"W_f.{m}.bias"])
            G = sigma(w[f"W_g.{m}.weight"] @ both + w[f"W_g.{m}.bias"])
            gated[:, clip] = G * F + (1 - G) * P[:, clip]
            weights.append((1 - G.mean(), G.mean()))
        return gated, np.array(weights)

    (gated_a, weights_a), (gated_v, weights_v) = side("audio", X_a, X_att_a), side("visual", X_v, X_att_v)
    return joined(w, gated_a, gated_v), {"stage1_audio": weights_a, "stage1_visual": weights_v}


def forget(w, X_a, X_v, X_att_a, X_att_v):
    """Jiang & Ji 2022; weights as shares of 1 and of the mean gate."""

    def side(m, X, A):
        gated, weights = np.empty_like(X), []
        for clip in range(X.shape[1]):
            f = sigma(w[f"W_f.{m}.weight"] @ np.concatenate((A[:, clip], X[:, clip])) + w[f"W_f.{m}.bias"])
            gated[:, clip] = np.maximum(X[:, clip] + f * (w[f"W_m.{m}.weight"] @ A[:, clip]), 0)
            weights.append((1 / (1 + f.mean()), f.mean() / (1 + f.mean())))
        return gated, np.array(weights)

    (gated_a, weights_a), (gated_v, weights_v) = side("audio", X_a, X_att_a), side("visual", X_v, X_att_v)
    return joined(w, gated_a, gated_v), {"stage1_audio": weights_a, "stage1_visual": weights_v}


def leaky(w, X_a, X_v, X_att_a, X_att_v, T=0.5, alpha=0.1):
    """Lee 2022."""

    def side(m, X, X_att):
        L = alpha + (1 - 2 * alpha) * softmax(X_att.T @ w[f"W_gl_{m}"] / T, 1)
        return X * L[:, 0] + X_att * L[:, 1], L

    (gated_a, weights_a), (gated_v, weights_v) = side("audio", X_a, X_att_a), side("visual", X_v, X_att_v)
    return joined(w, gated_a, gated_v), {"stage1_audio": weights_a, "stage1_visual": weights_v}


GATES = {
    "gmu": gmu, "conditional": conditional, "forget": forget, "gated_sequence": gated_sequence, "leaky": leaky
}  # fmt: skip
