"""Cells as readers of 0.17.6 write them: texts and recurrent networks (its chapters 8 and 9)."""

# %%
import math
import random
import torch
from torch import nn
from torch.nn import functional as F
from d2l import torch as d2l

# %% chapter 8: text preprocessing
lines = d2l.read_time_machine()
tokens = d2l.tokenize(lines)
vocab = d2l.Vocab(tokens)
for i in (0, 2):
    assert vocab.to_tokens(vocab[tokens[i]]) == tokens[i]
corpus, vocab = d2l.load_corpus_time_machine()
assert list(vocab.token_to_idx.items())[0] == ("<unk>", 0)
assert d2l.count_corpus(tokens)["the"] > 1

# %% chapter 8: frequencies of words, of pairs, of triples
words = [token for line in tokens for token in line]
vocab = d2l.Vocab(words)
pairs = [pair for pair in zip(words[:-1], words[1:])]
pair_vocab = d2l.Vocab(pairs)
triple_vocab = d2l.Vocab([triple for triple in zip(words[:-2], words[1:-1], words[2:])])
assert len(pair_vocab.token_freqs[0][0]) == 2
assert pair_vocab.token_freqs[0][1] <= vocab.token_freqs[0][1]
freqs = [[freq for _, freq in v.token_freqs] for v in (vocab, pair_vocab, triple_vocab)]
d2l.plot(freqs, xlabel="token: x", ylabel="frequency: n(x)", xscale="log", yscale="log",
         legend=["unigram", "bigram", "trigram"])

# %% chapter 8: minibatches
my_seq = list(range(35))
for X, Y in d2l.seq_data_iter_random(my_seq, batch_size=2, num_steps=5):
    assert torch.equal(Y, X + 1)
for X, Y in d2l.seq_data_iter_sequential(my_seq, batch_size=2, num_steps=5):
    assert torch.equal(Y, X + 1)

# %% chapter 8: a recurrent network from scratch
batch_size, num_steps = 8, 9
train_iter, vocab = d2l.load_data_time_machine(batch_size, num_steps)
assert F.one_hot(torch.tensor([0, 2]), len(vocab)).shape == (2, len(vocab))


def get_params(vocab_size, num_hiddens, device):
    sizes = [(vocab_size, num_hiddens), (num_hiddens, num_hiddens), (num_hiddens, vocab_size)]
    weights = [torch.randn(size, device=device).mul_(0.01) for size in sizes]
    biases = [torch.zeros(size[1], device=device) for size in sizes[1:]]
    return [tensor.requires_grad_() for tensor in weights + biases]


def zero_state(batch_size, num_hiddens, device):
    return (torch.zeros((batch_size, num_hiddens), device=device),)


def tanh_rnn(inputs, state, params):
    from_input, from_hidden, to_output, hidden_bias, output_bias = params
    hidden, logits = state[0], []
    for step in inputs:
        hidden = (step @ from_input + hidden @ from_hidden + hidden_bias).tanh()
        logits.append(hidden @ to_output + output_bias)
    return torch.cat(logits), (hidden,)


# %%
X = torch.arange(10).reshape((2, 5))
num_hiddens = 16
net = d2l.RNNModelScratch(len(vocab), num_hiddens, d2l.try_gpu(), get_params, zero_state, tanh_rnn)
state = net.begin_state(X.shape[0], d2l.try_gpu())
Y, new_state = net(X.to(d2l.try_gpu()), state)
assert (Y.shape, len(new_state), new_state[0].shape) == ((10, len(vocab)), 1, (2, 16))
assert len(d2l.predict_ch8("time traveller ", 10, net, vocab, d2l.try_gpu())) == 25

# %%
num_epochs, lr = 2, 1
d2l.train_ch8(net, train_iter, vocab, lr, num_epochs, d2l.try_gpu())
random_iter, vocab_random_iter = d2l.load_data_time_machine(batch_size, num_steps, use_random_iter=True)
d2l.train_ch8(net, random_iter, vocab_random_iter, lr, num_epochs, d2l.try_gpu(), use_random_iter=True)

# %% chapter 8: concise
rnn_layer = nn.RNN(len(vocab), num_hiddens)
state = torch.zeros((1, batch_size, num_hiddens))
X = torch.rand(size=(num_steps, batch_size, len(vocab)))
Y, state_new = rnn_layer(X, state)
device = d2l.try_gpu()
net = d2l.RNNModel(rnn_layer, vocab_size=len(vocab)).to(device)
d2l.predict_ch8("time traveller", 10, net, vocab, device)
d2l.train_ch8(net, train_iter, vocab, lr, num_epochs, device)

# %% chapter 9: gated units, several layers, both directions
for layer in (nn.GRU(len(vocab), 8), nn.LSTM(len(vocab), 8, 2), nn.LSTM(len(vocab), 8, 2, bidirectional=True)):
    model = d2l.RNNModel(layer, len(vocab)).to(device)
    d2l.train_ch8(model, train_iter, vocab, 2, 1, device)

# %% chapter 9: translation; encoder and decoder of one's own
text = d2l.preprocess_nmt("Go.\tVa !\nHi.\tSalut !\nRun!\tCours !\nGo.\tMarche !\nHi.\tSalut.")
source, target = d2l.tokenize_nmt(text)
d2l.show_list_len_pair_hist(["source", "target"], "# tokens", "count", source, target)
src_vocab = d2l.Vocab(source, min_freq=1, reserved_tokens=["<pad>", "<bos>", "<eos>"])
tgt_vocab = d2l.Vocab(target, min_freq=1, reserved_tokens=["<pad>", "<bos>", "<eos>"])
assert d2l.truncate_pad([1, 2], 4, 0) == [1, 2, 0, 0]
arrays = [*d2l.build_array_nmt(source, src_vocab, 5), *d2l.build_array_nmt(target, tgt_vocab, 5)]
train_iter = d2l.load_array(arrays, 2)


class WordByWord(d2l.Decoder):
    def __init__(self, vocab_size, size, **kwargs):
        super(WordByWord, self).__init__(**kwargs)
        self.words, self.gru = nn.Embedding(vocab_size, size), nn.GRU(size, size, 2)
        self.logits = nn.Linear(size, vocab_size)

    def init_state(self, enc_outputs, *args):
        return enc_outputs[1]

    def forward(self, X, state):
        hiddens, state = self.gru(self.words(X).transpose(0, 1), state)
        return self.logits(hiddens).transpose(0, 1), state


# %%
encoder = d2l.Seq2SeqEncoder(len(src_vocab), 8, 16, 2, 0.1)
decoder = WordByWord(len(tgt_vocab), 16)
encoder.eval()
outputs, state = encoder(torch.zeros((4, 7), dtype=torch.long))
assert (outputs.shape, state.shape) == ((7, 4, 16), (2, 4, 16))
net = d2l.EncoderDecoder(encoder, decoder)
output, state = net(torch.zeros((4, 7), dtype=torch.long), torch.zeros((4, 7), dtype=torch.long))
assert output.shape == (4, 7, len(tgt_vocab))

# %% a training loop of one's own, in which the pair is taken apart
loss = d2l.MaskedSoftmaxCELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
metric = d2l.Accumulator(2)
for sources, source_lens, targets, target_lens in train_iter:
    begin = torch.full((len(targets), 1), tgt_vocab["<bos>"])
    logits, _ = net(sources, torch.cat([begin, targets[:, :-1]], 1), source_lens)
    l = loss(logits, targets, target_lens)
    optimizer.zero_grad()
    l.sum().backward()
    d2l.grad_clipping(net, 1)
    optimizer.step()
    metric.add(l.sum(), target_lens.sum())
assert math.isfinite(metric[0] / metric[1])

# %%
d2l.train_seq2seq(net, train_iter, 0.005, 2, tgt_vocab, device)
for eng, fra in zip(["go .", "hi ."], ["va !", "salut !"]):
    translation, _ = d2l.predict_seq2seq(net, eng, src_vocab, tgt_vocab, 5, device)
    assert 0 <= d2l.bleu(translation, fra, k=2) <= 1
