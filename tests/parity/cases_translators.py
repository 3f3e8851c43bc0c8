"""Chapter 10: encoders, decoders, masks, translators of both editions."""

import contextlib
import io
import math

import torch
from cases_recurrent import Letters
from made import backward, everything_about, gradients, inside, noise, whole
from registry import differs, same
from torch import nn


@same("init_seq2seq")
def weights_of_recurrent_and_linear_layers_start_in_xaviers_way(d2l):
    net = nn.Sequential(nn.Linear(3, 4), nn.GRU(4, 5, 2), nn.Embedding(3, 2), nn.LayerNorm(3))
    net.apply(d2l.init_seq2seq)
    return inside(net)


@same("Seq2SeqEncoder")
def the_encoder_of_sequences(d2l):
    net = d2l.Seq2SeqEncoder(10, 8, 6, 2, dropout=0.0)
    return everything_about(net, whole(10, 3, 4))


@same("Encoder", "Decoder", "AttentionDecoder", "EncoderDecoder")
def bases_of_encoders_and_decoders(d2l):
    answers = []
    for base, call in (
        (d2l.Encoder, lambda net: net(noise(1))),
        (d2l.Decoder, lambda net: net(noise(1), None)),
        (d2l.Decoder, lambda net: net.init_state(None)),
        (d2l.AttentionDecoder, lambda net: net.attention_weights),
    ):
        try:
            call(base())
        except NotImplementedError:
            answers.append("NotImplementedError")
    kinds = issubclass(d2l.AttentionDecoder, d2l.Decoder), issubclass(d2l.Encoder, nn.Module)
    return answers, kinds, issubclass(d2l.EncoderDecoder, d2l.Classifier)


def translator(d2l):
    """A small model from 10 words to 8, whose decoder is a reader's own."""

    class Decoder(d2l.Decoder):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(8, 4)
            self.rnn = nn.GRU(4 + 6, 6, 2)
            self.dense = nn.Linear(6, 8)
            self.apply(d2l.init_seq2seq)

        def init_state(self, enc_all_outputs, *args):
            return enc_all_outputs

        def forward(self, X, state):
            embedded = self.embedding(X.t().long())
            outputs, hidden = state
            context = outputs[-1].repeat(embedded.shape[0], 1, 1)
            found, hidden = self.rnn(torch.cat((embedded, context), -1), hidden)
            return self.dense(found).swapaxes(0, 1), [outputs, hidden]

    encoder = d2l.Seq2SeqEncoder(10, 5, 6, 2)
    return d2l.Seq2Seq(encoder, Decoder(), tgt_pad=0, lr=0.01)


@same("Seq2Seq", "Seq2SeqEncoder", "Decoder")
def a_translator(d2l):
    net = translator(d2l)
    src, tgt = whole(10, 3, 4), 1 + whole(7, 3, 5, seed=1)
    logits = net(src, tgt)
    loss = backward(net.loss(logits, tgt))
    words, weights = net.predict_step((src, tgt, torch.tensor([4, 2, 3]), tgt), "cpu", 5)
    optimizer = net.configure_optimizers()
    return {
        "outputs": logits,
        "loss": loss,
        "gradients": gradients(net),
        "words": words,
        "weights": weights,
        "optimizer": (type(optimizer).__name__, optimizer.defaults["lr"]),
        "printed": repr(net),
    }


@differs(
    "Seq2Seq",
    released=2.0,
    here=1.0,
    because="padding is no word to be learned: the loss is the mean over the words, as in the "
    "book; 1.0.3 calls the loss of `Classifier`, which counts the padding",
)
def padding_in_the_loss_of_a_translator(d2l):
    net = translator(d2l)
    word, padding = math.log(math.e - 1), math.log(math.exp(3) - 1)
    logits = torch.zeros(1, 2, 2)
    logits[0, 0, 0], logits[0, 1, 1] = word, padding  # the losses of 1 and 0: 1.0 and 3.0
    return float(net.loss(logits, torch.tensor([[1, 0]])))


@same("Trainer", "Seq2Seq")
def a_translator_learns_without_padding(d2l):
    net, data = translator(d2l), d2l.DataModule()
    data.batch_size = 4
    words = whole(10, 8, 4), 1 + whole(7, 8, 5, seed=1)
    tensors = [*words, torch.full((8,), 4), 1 + whole(7, 8, 5, seed=2)]
    data.get_dataloader = lambda train: data.get_tensorloader(tensors, train)
    torch.manual_seed(1)
    d2l.Trainer(max_epochs=2, gradient_clip_val=1).fit(net, data)
    return inside(net), {k: [float(y) for _, y in c] for k, c in net.board.data.items()}


@same("train_seq2seq", "predict_seq2seq")
def a_translator_of_the_older_edition(d2l):
    letters = Letters("<pad>", "<bos>", "<eos>")
    parts = translator(d2l)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = parts.encoder, parts.decoder

        def forward(self, X, dec_X, *args):
            state = self.decoder.init_state(self.encoder(X), *args)
            return self.decoder(dec_X, state)

    net, full = Net(), torch.full((4,), 5)
    batches = [(whole(8, 4, 5, seed=i), full, whole(8, 4, 5, seed=i + 9), full) for i in range(3)]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        d2l.train_seq2seq(net, batches, 0.01, 2, letters, torch.device("cpu"))
    words, weights = d2l.predict_seq2seq(net, "a b", letters, letters, 5, torch.device("cpu"))
    loss = next(line for line in said.getvalue().splitlines() if line.startswith("loss"))
    return inside(net), loss.partition(",")[0], words, weights


@same("sequence_mask")
def steps_beyond_the_length_are_masked(d2l):
    X = noise(3, 4)
    three = noise(2, 3, 2)
    lengths = torch.tensor([1, 4, 0])
    flat = d2l.sequence_mask(X.clone(), lengths)
    return flat, d2l.sequence_mask(three, torch.tensor([1, 2]), value=-1)


@same("MaskedSoftmaxCELoss")
def losses_of_padded_sequences(d2l):
    pred = noise(3, 4, 10).requires_grad_()
    loss = d2l.MaskedSoftmaxCELoss()
    found = loss(pred, whole(10, 3, 4), torch.tensor([4, 2, 0]))
    return backward(found), pred.grad, repr(loss)
