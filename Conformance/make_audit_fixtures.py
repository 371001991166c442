"""Writes Tests/Fixtures/auditing: what scikit-learn and SciPy make of the same points as `Auditing`.

    .venv-conformance/bin/python Conformance/make_audit_fixtures.py

The pipeline is that of spectral relevance analysis (Lapuschkin et al. 2019) as CoRelAy (virelay/corelay) puts it together:
`SparseKNN(symmetric=True)`, `SymmetricNormalLaplacian`, `EigenDecomposition`, `KMeans`.
"""

import json
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import eigsh
from sklearn.cluster import KMeans
from sklearn.neighbors import kneighbors_graph

FOLDER = Path(__file__).resolve().parent.parent / "Tests/Fixtures/auditing"
NEIGHBOURS = 8
EIGENVALUES = 7


def clouds(seed: int, sizes: list[int], spread: float, dimensions: int = 12) -> np.ndarray:
    """Points around as many middles as there are sizes, in no order."""
    generator = np.random.default_rng(seed)
    middles = generator.normal(size=(len(sizes), dimensions))
    points = np.concatenate([middle + spread * generator.normal(size=(size, dimensions)) for middle, size in zip(middles, sizes)])
    return generator.permutation(points).astype(np.float32)


def spectral(points: np.ndarray) -> dict:
    nearest = kneighbors_graph(points, NEIGHBOURS, mode="connectivity", include_self=False)
    affinity = (nearest + nearest.T) / 2
    scale = sparse.diags(np.asarray(affinity.sum(1)).ravel() ** -0.5)
    normalized = (scale @ affinity @ scale).tocsc()
    values, vectors = eigsh(normalized, EIGENVALUES, which="LA", tol=1e-12, v0=np.random.default_rng(0).normal(size=len(points)))
    order = np.argsort(-values)
    laplacian, vectors = 1 - values[order], vectors[:, order]
    count = int(np.argmax(np.diff(laplacian))) + 1
    rows = vectors[:, :count] / np.linalg.norm(vectors[:, :count], axis=1, keepdims=True)
    clusters = KMeans(count, n_init=20, random_state=0).fit(rows)
    return {
        "points": points.tolist(),
        "neighbours": [sorted(row.indices.tolist()) for row in nearest.tocsr()],
        "eigenvalues": laplacian.tolist(),
        # The plane of the first eigenvectors, whatever basis spans it: its projector's diagonal.
        "leverages": (vectors[:, :count] ** 2).sum(1).tolist(),
        "groups": clusters.labels_.tolist(),
        "inertia": float(clusters.inertia_),
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    cases = {
        "joined": clouds(1, [40, 30, 20], 0.9),
        # Separate parts: the eigenvalue 0 comes three times.
        "apart": clouds(2, [35, 25, 20], 0.2),
        "one": clouds(3, [60], 1.0),
    }
    found = {name: spectral(points) for name, points in cases.items()}
    (FOLDER / "spectral.json").write_text(json.dumps({"neighbours": NEIGHBOURS, "cases": found}) + "\n")
    for name, case in found.items():
        print(name, np.round(case["eigenvalues"], 4), np.bincount(case["groups"]), round(case["inertia"], 6))


if __name__ == "__main__":
    main()
