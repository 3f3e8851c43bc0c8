"""Embed tokens, with an error that names the tokens outside the vocabulary."""

from torch import Tensor, nn

from d2l.models.input_errors import explain, require_below


def embed(embedding: nn.Embedding, tokens: Tensor, name: str) -> Tensor:
    """A vector for each token; `LabelError` names the tokens that are outside the vocabulary.

    On a GPU PyTorch itself reports them.
    """
    try:
        return embedding(tokens)
    except IndexError as error:
        explain(error, require_below, name, tokens, embedding.num_embeddings, "the embedding")
        raise
