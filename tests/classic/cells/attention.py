"""Cells as readers of 0.17.6 write them: attention, BERT, optimizers (chapters 10, 11, 14, 15)."""

# %%
import math
import torch
from torch import nn
from d2l import torch as d2l

# %% chapter 10: attention
d2l.show_heatmaps(torch.eye(10).reshape((1, 1, 10, 10)), xlabel="Keys", ylabel="Queries")
queries, keys = torch.normal(0, 1, (2, 1, 20)), torch.ones((2, 10, 2))
values = torch.arange(40, dtype=torch.float32).reshape(1, 10, 4).repeat(2, 1, 1)
valid_lens = torch.tensor([2, 6])
attention = d2l.AdditiveAttention(key_size=2, query_size=20, num_hiddens=8, dropout=0.1)
attention.eval()
assert attention(queries, keys, values, valid_lens).shape == (2, 1, 4)
assert attention.attention_weights[0, 0, 2:].sum() == 0
attention = d2l.DotProductAttention(dropout=0.5)
attention.eval()
attention(torch.normal(0, 1, (2, 1, 2)), keys, values, valid_lens)


# %% a decoder that attends
class Attending(d2l.AttentionDecoder):
    def __init__(self, vocab_size, size, **kwargs):
        super(Attending, self).__init__(**kwargs)
        self.words, self.cell = nn.Embedding(vocab_size, size), nn.GRUCell(2 * size, size)
        self.attention = d2l.AdditiveAttention(size, size, size, 0.1)
        self.logits = nn.Linear(size, vocab_size)

    def init_state(self, enc_outputs, enc_valid_lens, *args):
        outputs, hiddens = enc_outputs
        return outputs.transpose(0, 1), hiddens[-1], enc_valid_lens

    def forward(self, X, state):
        memory, hidden, lens = state
        logits, self.seen = [], []
        for word in self.words(X).unbind(1):
            read = self.attention(hidden.unsqueeze(1), memory, memory, lens).squeeze(1)
            hidden = self.cell(torch.cat([read, word], 1), hidden)
            logits.append(self.logits(hidden))
            self.seen.append(self.attention.attention_weights)
        return torch.stack(logits, 1), (memory, hidden, lens)

    @property
    def attention_weights(self):
        return self.seen


encoder = d2l.Seq2SeqEncoder(vocab_size=10, embed_size=8, num_hiddens=16, num_layers=2)
decoder = Attending(10, 16)
X = torch.zeros((4, 7), dtype=torch.long)
output, state = decoder(X, decoder.init_state(encoder(X), None))
assert (output.shape, len(state), state[0].shape) == ((4, 7, 10), 3, (4, 7, 16))

# %%
vocab = d2l.Vocab([*"abcdef"], reserved_tokens=["<pad>", "<bos>", "<eos>"])
X, lens = torch.randint(4, 10, (8, 5)), torch.full((8,), 5)
train_iter = d2l.load_array((X, lens, X, lens), 4)
net = d2l.EncoderDecoder(encoder, decoder)
d2l.train_seq2seq(net, train_iter, 0.005, 2, vocab, d2l.try_gpu())
translation, weights = d2l.predict_seq2seq(net, "a b", vocab, vocab, 5, d2l.try_gpu(), True)
step = torch.cat([w[0] for w in weights[0]], 0)
assert step.shape[-1] == 5

# %% chapter 10: several heads
num_hiddens, num_heads = 100, 5
attention = d2l.MultiHeadAttention(num_hiddens, num_hiddens, num_hiddens, num_hiddens, num_heads, 0.5)
attention.eval()
X, Y = torch.ones((2, 4, num_hiddens)), torch.ones((2, 6, num_hiddens))
assert attention(X, Y, Y, torch.tensor([3, 2])).shape == (2, 4, num_hiddens)
assert attention.attention.attention_weights.shape == (10, 4, 6)
assert d2l.transpose_qkv(X, num_heads).shape == (10, 4, 20)
assert torch.equal(d2l.transpose_output(d2l.transpose_qkv(X, num_heads), num_heads), X)
pos_encoding = d2l.PositionalEncoding(32, 0)
pos_encoding.eval()
assert pos_encoding(torch.zeros((1, 60, 32))).shape == (1, 60, 32)

# %% chapter 10: the transformer
ffn = d2l.PositionWiseFFN(4, 4, 8)
assert ffn(torch.ones((2, 3, 4))).shape == (2, 3, 8)
add_norm = d2l.AddNorm([3, 4], 0.5)
assert add_norm(torch.ones((2, 3, 4)), torch.ones((2, 3, 4))).shape == (2, 3, 4)
block = d2l.EncoderBlock(24, 24, 24, 24, [100, 24], 24, 48, 8, 0.5)
block.eval()
assert block(torch.ones((2, 100, 24)), torch.tensor([3, 2])).shape == (2, 100, 24)


class Layer(nn.Module):
    def __init__(self, size, **kwargs):
        super(Layer, self).__init__(**kwargs)
        self.of_itself = d2l.MultiHeadAttention(size, size, size, size, 2, 0.1)
        self.of_source = d2l.MultiHeadAttention(size, size, size, size, 2, 0.1)
        self.ffn = d2l.PositionWiseFFN(size, 2 * size, size)
        self.norms = nn.ModuleList(d2l.AddNorm([size], 0.1) for _ in range(3))

    def forward(self, X, past, memory, lens):
        past = X if past is None else torch.cat([past, X], 1)
        steps = torch.arange(1, X.shape[1] + 1) + past.shape[1] - X.shape[1]
        X = self.norms[0](X, self.of_itself(X, past, past, steps.expand(len(X), -1)))
        X = self.norms[1](X, self.of_source(X, memory, memory, lens))
        return self.norms[2](X, self.ffn(X)), past


class Stack(d2l.AttentionDecoder):
    def __init__(self, vocab_size, size, **kwargs):
        super(Stack, self).__init__(**kwargs)
        self.words = nn.Embedding(vocab_size, size)
        self.places = d2l.PositionalEncoding(size, 0.1)
        self.layers = nn.ModuleList(Layer(size) for _ in range(2))
        self.logits = nn.Linear(size, vocab_size)

    def init_state(self, enc_outputs, enc_valid_lens, *args):
        return enc_outputs, enc_valid_lens, [None for _ in self.layers]

    def forward(self, X, state):
        memory, lens, pasts = state
        X, kept = self.places(self.words(X)), []
        for layer, past in zip(self.layers, pasts):
            X, past = layer(X, past, memory, lens)
            kept.append(past)
        return self.logits(X), (memory, lens, kept)

    @property
    def attention_weights(self):
        return [layer.of_source.attention.attention_weights for layer in self.layers]


encoder = d2l.TransformerEncoder(10, 16, 16, 16, 16, [16], 16, 32, 2, 2, 0.1)
net = d2l.EncoderDecoder(encoder, Stack(10, 16))
d2l.train_seq2seq(net, train_iter, 0.005, 2, vocab, d2l.try_gpu())
d2l.predict_seq2seq(net, "a b", vocab, vocab, 5, d2l.try_gpu(), True)
enc_weights = torch.cat(net.encoder.attention_weights, 0).reshape((2, 2, -1, 5))
assert torch.allclose(enc_weights.sum(-1), torch.ones(enc_weights.shape[:-1]))

# %% chapter 11: optimizers
def f_2d(x1, x2):
    return x1**2 + 2 * x2**2


d2l.show_trace_2d(f_2d, d2l.train_2d(lambda x1, x2, s1, s2: (0.8 * x1, 0.6 * x2, 0, 0)))
X, y = d2l.synthetic_data(torch.tensor([1.0, -2.0]), 0.5, 200)
data_iter = d2l.load_array((X, y.reshape(-1)), 20)
d2l.train_concise_ch11(torch.optim.SGD, {"lr": 0.05}, data_iter, 1)

# %% chapter 14: BERT
bert = d2l.BERTEncoder(50, 16, 16, 16, 32, 4, 2, 0.2, key_size=16, query_size=16, value_size=16)
tokens = torch.randint(0, 50, (2, 8))
segments = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1, 1]])
encoded_X = bert(tokens, segments, None)
mlm = d2l.MaskLM(50, 16, 16)
mlm_positions = torch.tensor([[1, 5, 2], [6, 1, 5]])
mlm_Y_hat = mlm(encoded_X, mlm_positions)
assert mlm_Y_hat.shape == (2, 3, 50)
assert d2l.MaskLM(50, 16, num_inputs=16)(encoded_X, mlm_positions).shape == (2, 3, 50)
nsp = d2l.NextSentencePred(torch.flatten(encoded_X, start_dim=1).shape[-1])
assert nsp(torch.flatten(encoded_X, start_dim=1)).shape == (2, 2)

# %%
net = d2l.BERTModel(
    50, num_hiddens=16, norm_shape=[16], ffn_num_input=16, ffn_num_hiddens=32, num_heads=2,
    num_layers=2, dropout=0.2, key_size=16, query_size=16, value_size=16, hid_in_features=16,
    mlm_in_features=16, nsp_in_features=16,
)
trainer = torch.optim.Adam(net.parameters(), lr=0.01)
_, mlm_hat, nsp_hat = net(tokens, segments, torch.tensor([8, 8]), mlm_positions)
l = nn.CrossEntropyLoss()(mlm_hat.reshape(-1, 50), torch.zeros(6, dtype=torch.long))
l.backward()
trainer.step()


# %% chapter 15: a classifier on the encoder
class Judge(nn.Module):
    def __init__(self, bert):
        super(Judge, self).__init__()
        self.encoder, self.first_token = bert.encoder, bert.hidden
        self.verdict = nn.Linear(16, 3)

    def forward(self, inputs):
        encoded = self.encoder(*inputs)
        return self.verdict(self.first_token(encoded[:, 0]))


net = Judge(net)
assert net((tokens, segments, torch.tensor([8, 8]))).shape == (2, 3)
tokens, segments = d2l.get_tokens_and_segments(["this", "is"], ["a", "cat"])
assert segments == [0, 0, 0, 0, 1, 1, 1]
