"""Tokens to vectors, with an error that says which token had none."""

from torch import Tensor, nn

from d2l.models.shapes import require_numbers_below


def embed(embedding: nn.Embedding, tokens: Tensor, name: str) -> Tensor:
    """A vector for each token; `LabelError` names the tokens that are outside the vocabulary.

    On a GPU PyTorch itself reports them.
    """
    try:
        return embedding(tokens)
    except IndexError as error:
        require_numbers_below(name, tokens, embedding.num_embeddings, "the embedding")
        raise error
