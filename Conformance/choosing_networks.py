"""Networks that compute with integers and flags: what is where, what is largest, which values are taken; and the sums
and functions that come with them. As PyTorch's exporters write them, each between two convolutions."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from fixture import fixture
from network_parts import Network, between_convolutions, head

SMALL = (1, 3, 9, 10)


@fixture(SMALL, "comparisons, logic and Where on computed values; integers divided, their remainders and signs",
         exporter="dynamo", opset=18)
def choices():
    def operation(self, x):
        # Everything that jumps is multiplied with what is 0 there, so that differences are derivatives.
        chosen = (x > 0) & ~(x >= 0.5) | (x < -0.5)
        whole = torch.floor(2 * x).to(torch.int64)
        wave = torch.sin(2 * torch.pi * x) ** 2
        quotient = torch.div(whole, 3, rounding_mode="trunc").to(x.dtype)
        rest = (whole % 4).to(x.dtype) + torch.fmod(whole, 3).to(x.dtype) + torch.sign(whole.to(x.dtype))
        return torch.where(chosen, x + x * (x - 0.5) * (x + 0.5), x) + 0.1 * (quotient + rest) * wave

    return between_convolutions(operation)


@fixture(SMALL, "circular and hyperbolic functions and their inverses", exporter="dynamo", opset=18)
def trigonometry():
    def operation(self, x):
        inside = 0.8 * torch.tanh(x)
        return torch.sin(3 * x) + torch.cos(x) * torch.tan(inside) + torch.asin(inside) - torch.acos(inside) \
            + torch.atan(x) + torch.sinh(inside) * torch.cosh(inside) + torch.asinh(x) \
            + torch.acosh(1.5 + x * x) + torch.atanh(inside)

    return between_convolutions(operation)


@fixture((1, 3, 5, 6), "attention in einsum's notation, and other sums of products", exporter="dynamo", opset=18)
def sums_of_products():
    def operation(self, x):
        tokens = self.split(x.flatten(2).transpose(1, 2)).view(1, -1, 2, 3)
        scores = torch.einsum("bihd,bjhd->bhij", tokens, tokens).softmax(-1)
        mixed = torch.einsum("bhij,bjhd->bihd", scores, tokens)
        weighted = torch.einsum("bihd,hde->bie", mixed, self.weight)
        own = torch.einsum("bii->bi", torch.einsum("bie,bje->bij", weighted, weighted))
        return x + weighted.transpose(1, 2).view(x.shape) + 0.1 * own.view(1, 1, *x.shape[2:])

    network = between_convolutions(operation, split=nn.Linear(5, 6))
    network.register_parameter("weight", nn.Parameter(torch.randn(2, 3, 5)))
    return network


@fixture(SMALL, "the largest values along channels and their positions, looked up in a table")
def largest_values():
    def operation(self, x):
        values, positions = x.topk(3, dim=1)
        looked_up = self.table(positions).mean(1).permute(0, 3, 1, 2)
        return values + looked_up

    return between_convolutions(operation, channels=5, after=3, table=nn.Embedding(5, 3))


@fixture(SMALL, "the positions of extremes: one-hot, gathered by element, scattered back")
def positions_of_extremes():
    def operation(self, x):
        best = x.argmax(1, keepdim=True)
        least = x.argmin(1, keepdim=True)
        gathered = torch.gather(x, 1, best) - torch.gather(x, 1, least)
        hot = F.one_hot(best.squeeze(1), 5).permute(0, 3, 1, 2).to(x.dtype)
        spread = torch.zeros_like(x).scatter_add(1, best, gathered)
        replaced = x.scatter(1, least, gathered)
        return hot * x + spread + replaced

    return between_convolutions(operation)


@fixture(SMALL, "rows chosen by computed places, and put elsewhere", exporter="dynamo", opset=18)
def chosen_rows():
    def operation(self, x):
        order = x.mean((1, 3)).argsort(1, descending=True)[0]
        rows = x[:, :, order]
        mixed = x.index_add(2, order[:4], rows[:, :, :4])
        return mixed + rows.index_select(3, order)[:, :, :, :1]

    return between_convolutions(operation)


@fixture(SMALL, "running sums, triangles and masks that are filled")
def running_sums():
    def operation(self, x):
        square = x[..., :9]
        mask = torch.ones(9, 9, dtype=torch.bool).triu(1)
        masked = square.masked_fill(mask, -1.5).softmax(-1)
        return F.pad(masked + square.tril(-1), (0, 1)) + 0.1 * x.cumsum(3) + 0.2 * x.cumsum(1)

    return between_convolutions(operation)


@fixture(SMALL, "norms, logarithms of sums of exponentials, products and extremes over axes", exporter="dynamo", opset=18)
def norms():
    def operation(self, x):
        along = x / x.norm(dim=1, keepdim=True) + torch.logsumexp(20 * x, 3, keepdim=True) / 20
        return along + x.abs().sum(2, keepdim=True) / 9 + (1 + 0.3 * x).prod(1, keepdim=True) + x.amin(3, keepdim=True)

    return between_convolutions(operation)


@fixture(SMALL, "Celu, shrinkage, softsign and a gate with a factor of its own", exporter="dynamo", opset=18)
def gates():
    def operation(self, x):
        return F.celu(2 * x, 0.7) + F.softshrink(x, 0.2) + F.softsign(3 * x) + x * torch.sigmoid(1.7 * x)

    return between_convolutions(operation)


@fixture((1, 3, 6, 7), "blocks taken out of an image and put together again (Col2Im)", exporter="dynamo", opset=18)
def blocks():
    def operation(self, x):
        columns = F.unfold(x, (3, 2), stride=(1, 2), padding=1)
        return F.fold(columns * columns.sigmoid(), x.shape[2:], (3, 2), stride=(1, 2), padding=1)

    return between_convolutions(operation)


@fixture(SMALL, "several outputs: scores, the best class, and whether it is above a threshold", exporter="dynamo",
         opset=18)
def answers():
    def compute(self, x):
        scores = self.head(F.relu(self.a(x)))
        return scores, scores.argmax(1), scores.amax(1) > 0.1

    return Network(compute, a=nn.Conv2d(3, 5, 3), head=head(5))


@fixture(SMALL, "where the maxima of a pooling stood, given out and read", opset=17)
def pooled_positions():
    def compute(self, x):
        values, positions = F.max_pool2d(self.a(x), (3, 2), 2, return_indices=True)
        return self.head(values + 0.01 * (positions % 10).to(x.dtype)), positions

    return Network(compute, a=nn.Conv2d(3, 5, 3), head=head(5))
