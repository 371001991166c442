"""Writes Tests/Fixtures/auditing: what scikit-learn, SciPy and Captum make of the same points, heads and activations.

    .venv-conformance/bin/python Conformance/make_audit_fixtures.py

The pipeline of spectral.json is that of spectral relevance analysis (Lapuschkin et al. 2019) as CoRelAy (virelay/corelay) puts it together:
`SparseKNN(symmetric=True)`, `SymmetricNormalLaplacian`, `EigenDecomposition`, `KMeans`.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import eigsh
import torch
from captum.concept import TCAV, Classifier, Concept
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
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


def size(values: np.ndarray) -> float:
    """By which features are divided, so that a penalty means the same for all."""
    return float(np.sqrt((values.astype(np.float64) ** 2).mean()))


def regression(features: np.ndarray, labels: np.ndarray, strength: float) -> LogisticRegression:
    """Runs to the optimum of mean loss + strength/2·‖W‖²."""
    return LogisticRegression(C=1 / (strength * len(features)), tol=1e-10, max_iter=100_000).fit(features.astype(np.float64), labels)


def representer() -> dict:
    """Three clouds, one point of which has another's label; and what a head fitted to them says of a point beside it."""
    generator = np.random.default_rng(4)
    labels = np.repeat(np.arange(3), 20)
    middles = 2 * generator.normal(size=(3, 6))
    features = (middles[labels] + generator.normal(size=(60, 6))).astype(np.float32)
    mislabelled = 7
    labels[mislabelled] = 2
    asked = (features[mislabelled] + 0.1 * generator.normal(size=6)).astype(np.float32)
    features, asked = features.astype(np.float64), asked.astype(np.float64)
    penalty, scale = 0.01, size(features)
    head = regression(features / scale, labels, penalty)
    # α of theorem 3.1 (Yeh et al. 2018), and the shares in the score of the wrong label.
    alpha = (np.eye(3)[labels] - head.predict_proba(features / scale)) / (penalty * len(features))
    shares = alpha[:, 2] * (features / scale @ (asked / scale))
    return {
        "features": features.tolist(), "labels": labels.tolist(), "asked": asked.tolist(), "penalty": penalty,
        "mislabelled": mislabelled, "scores": head.decision_function(asked[None] / scale)[0].tolist(),
        "shares": shares.tolist(),
    }


class ToOptimum(Classifier):
    """Captum's classifier of a concept, in the place of its SGD: logistic regression on all examples, to its optimum."""

    def __init__(self) -> None:
        self.model = None

    def train_and_eval(self, dataloader, test_split_ratio=0.33, **_):
        batches = list(dataloader)
        examples = torch.cat([batch[0] for batch in batches]).detach().double().numpy()
        labels = torch.cat([batch[1] for batch in batches]).numpy()
        # Softmax over two classes with λ on both rows is logistic regression with λ/2.
        self.model = regression(examples / size(examples), labels, PENALTY / 2)
        return {"accs": float(self.model.score(examples / size(examples), labels))}

    def weights(self):
        weights = torch.tensor(self.model.coef_)
        return torch.cat([-weights, weights])

    def classes(self):
        return self.model.classes_.tolist()


PENALTY = 0.01


def concepts() -> dict:
    """Captum's TCAV of a small network, with what it reads of the layer."""
    torch.manual_seed(5)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.ReLU(), torch.nn.Conv2d(4, 5, 2), torch.nn.ReLU(),
        torch.nn.Flatten(), torch.nn.Linear(20, 3),
    ).double()
    stripes = torch.rand(12, 3, 8, 8).double() + (torch.arange(8) % 2).double()
    random = torch.rand(12, 3, 8, 8).double() + torch.rand(12, 1, 1, 1).double()
    inputs = 2 * torch.rand(40, 3, 8, 8).double()
    with tempfile.TemporaryDirectory() as folder:
        tcav = TCAV(network, "1", classifier=ToOptimum(), save_path=folder)
        pair = [Concept(0, "stripes", torch.utils.data.DataLoader(stripes)), Concept(1, "random", torch.utils.data.DataLoader(random))]
        found = tcav.interpret(inputs, [pair], target=1)["0-1"]["1"]
        direction = tcav.cavs["0-1"]["1"].stats["weights"][0].double()
    layer = network[:2]
    activations = layer(inputs).detach().requires_grad_()
    network[2:](activations)[:, 1].sum().backward()
    return {
        "concept": layer(stripes).flatten(1).detach().tolist(), "random": layer(random).flatten(1).detach().tolist(),
        "gradients": activations.grad.flatten(1).tolist(), "penalty": PENALTY,
        "score": float(found["sign_count"][0]), "direction": (direction / direction.norm()).tolist(),
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
    heads = representer()
    (FOLDER / "representer.json").write_text(json.dumps(heads) + "\n")
    tests = concepts()
    (FOLDER / "concept.json").write_text(json.dumps(tests) + "\n")
    print("largest share:", int(np.argmax(heads["shares"])), "mislabelled:", heads["mislabelled"])
    print("TCAV:", tests["score"])
    for name, case in found.items():
        print(name, np.round(case["eigenvalues"], 4), np.bincount(case["groups"]), round(case["inertia"], 6))


if __name__ == "__main__":
    main()
