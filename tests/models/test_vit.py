"""The vision transformer: patches, attention rows, and that it learns."""

import pytest
import torch
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import ShapeError


def vit(**options):
    torch.manual_seed(0)
    sizes = {"img_size": 12, "patch_size": 4, "num_hiddens": 16, "mlp_num_hiddens": 32}
    sizes |= {"num_heads": 4, "num_blks": 2, "emb_dropout": 0.0, "blk_dropout": 0.0}
    return d2l.ViT(**{**sizes, **options})


def images(batch=3, channels=1, size=12):
    return torch.rand(batch, channels, size, size)


def test_each_patch_is_multiplied_by_the_same_matrix():
    embedding, X = d2l.PatchEmbedding((8, 12), (4, 2), 5), torch.rand(2, 3, 8, 12)
    found = embedding(X)
    assert found.shape == (2, embedding.num_patches, 5) == (2, 12, 5)
    W, b = embedding.conv.weight.flatten(1), embedding.conv.bias
    patches = [
        X[:, :, i : i + 4, j : j + 2].flatten(1) for i in range(0, 8, 4) for j in range(0, 12, 2)
    ]
    expected = torch.stack([patch @ W.T + b for patch in patches], dim=1)
    assert torch.allclose(found, expected, atol=1e-5)


def test_the_rows_of_attention_sum_to_one():
    model, X = vit().eval(), images()
    model(X)
    for block in model.blks:
        weights = block.attention.attention.attention_weights
        assert weights.shape == (3 * 4, 10, 10)  # nine patches and the class token
        assert torch.allclose(weights.sum(dim=-1), torch.ones(12, 10), atol=1e-5)


def test_one_block_is_the_sum_of_its_layers():
    block, X, lens = (
        d2l.ViTBlock(16, 32, 4, 0.5).eval(),
        torch.randn(3, 5, 16),
        torch.tensor([5, 2, 1]),
    )
    Y = F.layer_norm(X, (16,))
    H = X + block.attention(Y, Y, Y, lens)
    first, second = block.mlp[0], block.mlp[3]
    expected = H + second(F.gelu(first(F.layer_norm(H, (16,)))))
    assert torch.allclose(block(X, lens), expected, atol=1e-5)


def test_the_order_of_patches_matters_only_by_their_positions():
    model, X = vit().eval(), images()
    swapped = X.clone()
    swapped[..., :4, :4], swapped[..., 4:8, :4] = X[..., 4:8, :4], X[..., :4, :4]
    model(X)
    with torch.no_grad():
        model.pos_embedding.normal_()
        assert not torch.allclose(model(X), model(swapped), atol=1e-3)
        model.pos_embedding.zero_()
        assert torch.allclose(model(X), model(swapped), atol=1e-5)


def test_a_few_steps_of_the_trainer_tell_bright_from_dark():
    class Brightness(d2l.DataModule):
        def __init__(self, batch_size=16):
            super().__init__()
            self.save_hyperparameters()
            self.y = torch.arange(96) % 2
            self.X = torch.rand(96, 1, 12, 12) * 0.5 + self.y.reshape(-1, 1, 1, 1) * 0.5

        def get_dataloader(self, train):
            rows = slice(0, 64) if train else slice(64, None)
            return self.get_tensorloader((self.X, self.y), train, rows)

    model, data = vit(num_classes=2, lr=0.05), Brightness()
    trainer = d2l.Trainer(max_epochs=3)
    trainer.fit(model, data)
    assert trainer.validate(model, data)["val_acc"] > 0.95


def test_images_and_patches_that_do_not_fit_are_told_in_words():
    with pytest.raises(ShapeError, match=r"X must have the shape \(batch, channels, 12, 12\)"):
        vit()(images(size=20))
    with pytest.raises(ShapeError, match=r"X must have the shape \(batch, channels, 12, 12\)"):
        vit()(images(size=3))
    with pytest.raises(ShapeError, match="found patch_size=4, img_size=3"):
        d2l.PatchEmbedding(3, 4)
