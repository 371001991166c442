"""Features of animals that there are no photos of, from what ImageNet's head knows of them.

A linear head that was trained on features with a common spread Σ within each class has, for class c, the weights
w_c = Σ⁻¹ μ_c (linear discriminant analysis). So the weights tell where the features of a class lie:
μ_c − μ = Σ (w_c − w̄). Features drawn around these places stand for rabbits and snakes while the head of petshop is
trained; the scale is chosen so that ImageNet's head is about as sure of them as of photos.
"""

import numpy as np

import samples


class ImaginedFeatures:
    def __init__(self, pooled: np.ndarray, scores: np.ndarray, weights: np.ndarray, bias: np.ndarray):
        """pooled [n,1280] and ImageNet's scores [n,1000] of real pictures; weights [1000,1280] and bias of the head."""
        sure = samples.probabilities(scores)
        classes = sure.argmax(axis=1)
        self.middle = pooled.mean(axis=0)
        residuals = []
        for index in np.unique(classes):
            members = pooled[classes == index]
            if len(members) > 3:
                residuals.append(members - members.mean(axis=0))
        residuals = np.concatenate(residuals)
        self.residuals = residuals - residuals.mean(axis=0)
        self.spread = self.residuals.T @ self.residuals / len(residuals)
        self.directions = (weights - weights.mean(axis=0)) @ self.spread
        self.weights, self.bias = weights, bias
        generator = np.random.default_rng(5)
        numbers = generator.integers(0, 1000, 2000)
        # The smallest step at which ImageNet's head gives half to the class that was meant, in the mean.
        for self.scale in np.geomspace(1, 256, 33):
            found = self.draw(numbers, generator)
            confidence = samples.probabilities(found @ weights.T + bias)[np.arange(2000), numbers]
            if confidence.mean() >= 0.5:
                break
        self.confidence = float(confidence.mean())

    def draw(self, classes: np.ndarray, generator) -> np.ndarray:
        """A feature vector of each ImageNet class named; what varies is taken from real photos."""
        varied = self.residuals[generator.integers(0, len(self.residuals), len(classes))]
        return np.maximum(self.middle + self.scale * self.directions[classes] + varied, 0).astype(np.float32)
