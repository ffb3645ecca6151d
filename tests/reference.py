"""The paper's equations a second time, in plain NumPy, written as the paper writes them: features are d x L."""

from __future__ import annotations

import math

import numpy as np


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def relu(x):
    return np.maximum(x, 0)


def cross_attention(X_a, X_v, W, scale):
    """Eqs 1-4; returns Z, A_a, A_v, X_att,a, X_att,v."""
    Z = X_a.T @ W @ X_v * scale
    A_a, A_v = softmax(Z, 0), softmax(Z.T, 0)
    return Z, A_a, A_v, np.tanh(X_a + X_a @ A_a), np.tanh(X_v + X_v @ A_v)


def joint_cross_attention(X_a, X_v, a, v):
    """JCA; `a` and `v` hold W_j (L x L), W (k x L), W_c (k x 2d), W_h (k x L)."""
    d = X_a.shape[0]
    J = np.concatenate((X_a, X_v), axis=0)

    def attend(X, m):
        C = np.tanh(X @ m["W_j"] @ J.T / math.sqrt(2 * d))
        H = relu(m["W"] @ X.T + m["W_c"] @ C.T)
        return (m["W_h"].T @ H).T + X, C

    return attend(X_a, a), attend(X_v, v)


def stage1(X, X_att, gate_input, W_gl, T):
    """Eqs 5-8 for one modality; returns logits (L x 2), weights (L x 2), X_att,g."""
    W_go = gate_input.T @ W_gl
    G = softmax(W_go / T, 1)
    return W_go, G, relu(X * G[:, 0] + X_att * G[:, 1])


def stage2(X_att_ga, X_att_gv, fc, gate, T):
    """Eq 9; `fc` and `gate` are (weight, bias). Returns X_att,gav, logits (L x 3), weights (L x 3), X_att,g."""
    joint = fc[0] @ np.concatenate((X_att_ga, X_att_gv)) + fc[1][:, None]
    logits = (gate[0] @ np.concatenate((X_att_ga, X_att_gv, joint)) + gate[1][:, None]).T
    G = softmax(logits / T, 1)
    return joint, logits, G, relu(X_att_ga * G[:, 0] + X_att_gv * G[:, 1] + joint * G[:, 2])


def contribution(X, residual):
    """Share of each clip's attended feature that attention added, from d x L matrices."""
    added = np.sqrt((residual**2).sum(0))
    return added / (np.sqrt((X**2).sum(0)) + added)


def ccc(x, y):
    """Concordance correlation by its definition with sums."""
    n = len(x)
    m_x, m_y = sum(x) / n, sum(y) / n
    s_xy = sum((a - m_x) * (b - m_y) for a, b in zip(x, y, strict=True)) / n
    s_xx, s_yy = sum((a - m_x) ** 2 for a in x) / n, sum((b - m_y) ** 2 for b in y) / n
    return 2 * s_xy / (s_xx + s_yy + (m_x - m_y) ** 2)


def dropped_clips(share, pattern, seed, clips):
    """The rule of simulated dropout, as its specification words it; returns the set of dropped clips."""
    n = round(share * clips)
    rng = np.random.default_rng(seed)
    if pattern == "scattered":
        return set(rng.permutation(clips)[:n].tolist())
    start = math.floor((clips - n) * rng.random())
    return set(range(start, start + n))
