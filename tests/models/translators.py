"""What a reader of chapters 10 and 11 writes: decoders that attend, and a language to translate."""

import math

import torch
from torch import nn

from d2l import torch as d2l

PAD, BOS, EOS, FIRST_WORD = 0, 1, 2, 3


class Sentences(d2l.DataModule):
    """Sentences of one to `longest` words out of `num_words`; translated, in turn or `backwards`.

    The translation of a word is the word after it, and of the last one the first.

    Batches are those of the book: source, target behind <bos>, lengths of the sources, labels.
    """

    def __init__(
        self, backwards, num_words=6, longest=5, num_train=1024, num_val=128, batch_size=128
    ):
        super().__init__()
        self.save_hyperparameters()
        self.num_steps, self.vocab_size = longest + 1, num_words + FIRST_WORD
        generator = torch.Generator().manual_seed(0)
        sentences = [self.sentence(generator) for _ in range(num_train + num_val)]
        src = self.padded([[*words, EOS] for words in sentences])
        label = self.padded([[*self.translation(words), EOS] for words in sentences])
        begin = torch.full((len(src), 1), BOS)
        lengths = (src != PAD).sum(1)
        self.arrays = src, torch.cat((begin, label[:, :-1]), 1), lengths, label

    def sentence(self, generator):
        length = int(torch.randint(1, self.longest + 1, (1,), generator=generator))
        words = torch.randint(FIRST_WORD, self.vocab_size, (length,), generator=generator)
        return words.tolist()

    def translation(self, words):
        others = [(word - FIRST_WORD + 1) % self.num_words + FIRST_WORD for word in words]
        return others[::-1] if self.backwards else others

    def padded(self, rows):
        return torch.tensor([row + [PAD] * (self.num_steps - len(row)) for row in rows])

    def get_dataloader(self, train):
        chosen = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader(self.arrays, train, chosen)


def share_of_right_sentences(model, data):
    """How many unseen sentences are translated without a fault, up to their <eos>."""
    batch = [part[data.num_train :] for part in data.arrays]
    tokens, _ = model.predict_step(batch, "cpu", data.num_steps)
    counts = batch[3] != PAD
    return ((tokens == batch[3]) | ~counts).all(1).float().mean().item()


class Seq2SeqAttentionDecoder(d2l.AttentionDecoder):
    """A GRU whose last state asks additive attention what to read of the source."""

    def __init__(self, vocab_size, embed_size, num_hiddens, num_layers, dropout=0):
        super().__init__()
        self.attention = d2l.AdditiveAttention(num_hiddens, dropout)
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(embed_size + num_hiddens, num_hiddens, num_layers, dropout=dropout)
        self.dense = nn.LazyLinear(vocab_size)
        self.apply(d2l.init_seq2seq)

    def init_state(self, enc_all_outputs, enc_valid_lens):
        outputs, hidden_state = enc_all_outputs
        return outputs.permute(1, 0, 2), hidden_state, enc_valid_lens

    def forward(self, X, state):
        enc_outputs, hidden_state, enc_valid_lens = state
        outputs, self._attention_weights = [], []
        for x in self.embedding(X).permute(1, 0, 2):
            query = hidden_state[-1].unsqueeze(1)
            context = self.attention(query, enc_outputs, enc_outputs, enc_valid_lens)
            x = torch.cat((context, x.unsqueeze(1)), dim=-1)
            out, hidden_state = self.rnn(x.permute(1, 0, 2), hidden_state)
            outputs.append(out)
            self._attention_weights.append(self.attention.attention_weights)
        outputs = self.dense(torch.cat(outputs, dim=0))
        return outputs.permute(1, 0, 2), [enc_outputs, hidden_state, enc_valid_lens]

    @property
    def attention_weights(self):
        return self._attention_weights


class TransformerDecoderBlock(nn.Module):
    """Masked self-attention, attention to the source, a perceptron; `i` is its place."""

    def __init__(self, num_hiddens, ffn_num_hiddens, num_heads, dropout, i):
        super().__init__()
        self.i = i
        self.attention1 = d2l.MultiHeadAttention(num_hiddens, num_heads, dropout)
        self.addnorm1 = d2l.AddNorm(num_hiddens, dropout)
        self.attention2 = d2l.MultiHeadAttention(num_hiddens, num_heads, dropout)
        self.addnorm2 = d2l.AddNorm(num_hiddens, dropout)
        self.ffn = d2l.PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm3 = d2l.AddNorm(num_hiddens, dropout)

    def forward(self, X, state):
        enc_outputs, enc_valid_lens, seen = state[0], state[1], state[2][self.i]
        keys = X if seen is None else torch.cat((seen, X), dim=1)
        state[2][self.i] = keys
        batch_size, num_steps, _ = X.shape
        counts = torch.arange(num_steps, device=X.device) + keys.shape[1] - num_steps + 1
        dec_valid_lens = counts.repeat(batch_size, 1)  # a word sees itself and what is before it
        Y = self.addnorm1(X, self.attention1(X, keys, keys, dec_valid_lens))
        Z = self.addnorm2(Y, self.attention2(Y, enc_outputs, enc_outputs, enc_valid_lens))
        return self.addnorm3(Z, self.ffn(Z)), state


class TransformerDecoder(d2l.AttentionDecoder):
    """Decoder blocks between an embedding with positions and the logits."""

    def __init__(self, vocab_size, num_hiddens, ffn_num_hiddens, num_heads, num_blks, dropout):
        super().__init__()
        self.num_hiddens = num_hiddens
        self.num_blks = num_blks
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = d2l.PositionalEncoding(num_hiddens, dropout)
        self.blks = nn.Sequential(
            *[
                TransformerDecoderBlock(num_hiddens, ffn_num_hiddens, num_heads, dropout, i)
                for i in range(num_blks)
            ]
        )
        self.dense = nn.LazyLinear(vocab_size)

    def init_state(self, enc_outputs, enc_valid_lens):
        return [enc_outputs, enc_valid_lens, [None] * self.num_blks]

    def forward(self, X, state):
        seen = state[2][0]
        begin = 0 if seen is None else seen.shape[1]
        H = self.embedding(X) * math.sqrt(self.num_hiddens)
        positions = self.pos_encoding.P[:, begin : begin + X.shape[1]].to(H.device)
        H = self.pos_encoding.dropout(H + positions)
        self._attention_weights = [[None] * len(self.blks) for _ in range(2)]
        for i, block in enumerate(self.blks):
            H, state = block(H, state)
            self._attention_weights[0][i] = block.attention1.attention.attention_weights
            self._attention_weights[1][i] = block.attention2.attention.attention_weights
        return self.dense(H), state

    @property
    def attention_weights(self):
        return self._attention_weights
