"""What petshop tells apart, and which of ImageNet's classes belong to each label."""

GROUPS: dict[str, list[int]] = {
    "cat": [*range(281, 286)],
    "dog": [*range(151, 269)],
    "rabbit": [330, 331, 332],
    "hamster": [333],
    "guinea pig": [338],
    "ferret": [356, 357, 358, 359],
    "bird": [*range(7, 25), *range(80, 101), *range(127, 147)],
    "fish": [*range(0, 7), *range(389, 398)],
    "turtle": [*range(33, 38)],
    "lizard": [*range(38, 49)],
    "snake": [*range(52, 69)],
    "frog": [30, 31, 32],
}
OTHER = "other"
LABELS = [*GROUPS, OTHER]


def label_of_imagenet() -> list[int]:
    """For each of ImageNet's 1,000 classes the index of its label."""
    labels = [LABELS.index(OTHER)] * 1000
    for label, classes in GROUPS.items():
        for index in classes:
            labels[index] = LABELS.index(label)
    return labels
