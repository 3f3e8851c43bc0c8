"""The public API: `from d2l import torch as d2l`. Names are in the order of the book's chapters.

The modules that are available through it (`d2l.plt`, `d2l.nn`, …) are imported on first use, or by
`from d2l.torch import *`.
"""

import sys as _sys
from typing import Any as _Any

from d2l import __version__

# Every chapter: tensor aliases, timers, checks
from d2l.base import public_names as _modules
from d2l.base.public_names import ReplaceableNames as _ReplaceableNames
from d2l.base.ops import check_len, check_shape
from d2l.base.ops import (
    abs,
    arange,
    argmax,
    astype,
    batch_matmul,
    concat,
    cos,
    cosh,
    exp,
    expand_dims,
    eye,
    float32,
    int32,
    int64,
    linspace,
    log,
    matmul,
    meshgrid,
    normal,
    numpy,
    ones,
    ones_like,
    rand,
    randn,
    reduce_mean,
    reduce_sum,
    repeat,
    reshape,
    sigmoid,
    sin,
    sinh,
    size,
    stack,
    swapaxes,
    tanh,
    tensor,
    to,
    transpose,
    zeros,
    zeros_like,
)
from d2l.base.timing import Benchmark, Timer

# 2 Preliminaries
from d2l.plot.figure import plot, set_axes, set_figsize, use_svg_display

# 3 Linear neural networks for regression
from d2l.core.board import ProgressBoard
from d2l.core.data_module import DataModule
from d2l.core.hyperparameters import HyperParameters, add_to_class
from d2l.core.module import Module
from d2l.core.trainer import Trainer
from d2l.runs.loggers import MLflowLogger, TensorBoardLogger, TrackioLogger, WandbLogger
from d2l.tutor import watching as _fit_observer
from d2l.tutor.sanity import check_model, overfit_one_batch
from d2l.tutor.watching import watching
from d2l.data.synthetic import SyntheticRegressionData
from d2l.models.linear import LinearRegression, LinearRegressionScratch
from d2l.models.linear import SGD

# 4 Linear neural networks for classification
from d2l.classic.evaluation import evaluate_accuracy
from d2l.classic.linear_networks import predict_ch3, train_ch3, train_epoch_ch3
from d2l.core.classifier import Classifier
from d2l.data.fashion_mnist import FashionMNIST
from d2l.models.linear import SoftmaxRegression, SoftmaxRegressionScratch
from d2l.plot.images import show_images
from d2l.classic.linear_networks import cross_entropy

# 5 Multilayer perceptrons
from d2l.models.mlp import MLP, MLPScratch

# 6 Builders' guide
from d2l.base.devices import cpu, gpu, num_gpus, try_all_gpus, try_gpu
from d2l.classic.experiments import load_checkpoint, save_checkpoint

# 7 Convolutional neural networks
from d2l.models.cnn import LeNet, corr2d, init_cnn

# 8 Modern convolutional neural networks
from d2l.models.cnn import Residual, ResNeXtBlock

# 9 Recurrent neural networks
from d2l.classic.language_models import (
    RNNModel,
    RNNModelScratch,
    predict_ch8,
    train_ch8,
    train_epoch_ch8,
)
from d2l.classic.sequences import (
    SeqDataLoader,
    count_corpus,
    load_corpus_time_machine,
    load_data_time_machine,
    read_time_machine,
    seq_data_iter_random,
    seq_data_iter_sequential,
)
from d2l.models.language_model import RNNLM, RNNLMScratch
from d2l.models.rnn import RNN, RNNScratch
from d2l.text.time_machine import TinyStory
from d2l.text.time_machine import CharacterText, TimeMachine
from d2l.text.tokens import tokenize
from d2l.text.vocab import Vocab

# 10 Modern recurrent neural networks
from d2l.classic.seq2seq import predict_seq2seq, train_seq2seq
from d2l.models.seq2seq import Decoder, Encoder, EncoderDecoder
from d2l.models.transformers.masks import MaskedSoftmaxCELoss, sequence_mask
from d2l.models.rnn import GRU
from d2l.models.seq2seq import Seq2Seq, Seq2SeqEncoder, init_seq2seq
from d2l.plot.figure import show_list_len_pair_hist
from d2l.text.translation_metrics import bleu
from d2l.models.rnn import LSTM, LSTMScratch
from d2l.text.translation_metrics import chrf
from d2l.text.decoding import beam_search, generate, sample_next
from d2l.text.time_machine import SyntheticTranslation
from d2l.text.sentence_pairs import SentencePairs
from d2l.text.tokens import build_array_nmt, preprocess_nmt, tokenize_nmt, truncate_pad
from d2l.text.translation import MTFraEng, load_data_nmt, read_data_nmt

# 11 Attention
from d2l.classic.transformer import EncoderBlock, transpose_output, transpose_qkv
from d2l.models.transformers.attention import AdditiveAttention, DotProductAttention
from d2l.models.seq2seq import AttentionDecoder
from d2l.models.transformers.masks import masked_softmax
from d2l.models.transformers.attention import MultiHeadAttention
from d2l.models.transformers.embedding import PositionalEncoding
from d2l.models.transformers.transformer import (
    AddNorm,
    PositionWiseFFN,
    TransformerEncoder,
    TransformerEncoderBlock,
)
from d2l.plot.images import show_heatmaps
from torch.nn import Module as nn_Module
from d2l.models.transformers.gpt import GPT
from d2l.models.transformers.grouped_query import GQAAttention
from d2l.models.transformers.gpt import FeedForward, TransformerBlock
from d2l.models.transformers.vit import PatchEmbedding, ViT, ViTBlock

# 12 Optimization algorithms
from d2l.classic.optimization import get_data_ch11, train_ch11, train_concise_ch11
from d2l.classic.optimization import annotate, show_trace_2d, train_2d
from d2l.classic.language_models import train_lm
from d2l.models.language_model import TinyLM

# 13 Computational performance
from d2l.classic.classification import split_batch
from d2l.models.cnn import resnet18

# 14 Computer vision
from d2l.classic.classification import train_batch_ch13, train_ch13
from d2l.data.kaggle import copyfile, read_csv_labels, reorg_test, reorg_train_valid
from d2l.vision.boxes import multibox_prior, offset_boxes, offset_inverse
from d2l.vision.bananas import BananasDataset, load_data_bananas, read_data_bananas
from d2l.vision.boxes import box_center_to_corner, box_corner_to_center, box_iou
from d2l.vision.detection import multibox_detection, nms
from d2l.vision.detection import bbox_to_rect, show_bboxes
from d2l.vision.targets import assign_anchor_to_bbox, multibox_target
from d2l.vision.voc import VOCSegDataset, load_data_voc, read_voc_images, voc_rand_crop
from d2l.vision.voc import VOC_CLASSES, VOC_COLORMAP, voc_colormap2label, voc_label_indices

# 15 Natural language processing: pretraining
from d2l.models.transformers.bert import BERTEncoder, BERTModel, MaskLM, NextSentencePred
from d2l.models.transformers.bert import bert_losses as _get_batch_loss_bert
from d2l.text.bpe import BPETokenizer
from d2l.text.glove import TokenEmbedding
from d2l.text.ptb import batchify, load_data_ptb, read_ptb
from d2l.text.ptb import RandomGenerator, get_centers_and_contexts, get_negatives, subsample
from d2l.text.wiki import WikiTextDataset as _WikiTextDataset
from d2l.text.wiki import get_tokens_and_segments, load_data_wiki
from d2l.text.wiki import read_wiki as _read_wiki

# 16 Natural language processing: applications
from d2l.text.imdb import load_data_imdb, predict_sentiment, read_imdb
from d2l.text.snli import SNLIDataset, load_data_snli, predict_snli, read_snli

# 17 Reinforcement learning
from d2l.plot.grid_world import show_Q_function_progress, show_value_function_progress
from d2l.rl import frozen_lake, make_env
from d2l.classic.experiments import evaluate
from d2l.classic.experiments import run_seeds
from d2l.plot.run_curves import plot_curves

# 18 Gaussian processes
from d2l.models.gaussian_process import rbfkernel

# 19 Hyperparameter optimization
from d2l.hpo.tuner import SuccessiveHalvingScheduler
from d2l.hpo.tuner import HPOTrainer, hpo_objective_lenet
from d2l.hpo.tuner import BasicScheduler, HPOScheduler
from d2l.hpo.search import HPOSearcher, RandomSearcher
from d2l.hpo.tuner import HPOTuner

# 20 Generative adversarial networks
from d2l.models.gan import update_D, update_G

# 23 Tools: utility functions and classes, training loops
from d2l.classic.evaluation import Accumulator
from d2l.classic.animator import Animator
from d2l.classic.classification import train_ch6
from d2l.classic.optimization import grad_clipping
from d2l.classic.loaders import download_all
from d2l.classic.evaluation import accuracy, evaluate_accuracy_gpu, evaluate_loss
from d2l.classic.linear_networks import linreg, sgd, squared_loss
from d2l.classic.loaders import (
    get_dataloader_workers,
    get_fashion_mnist_labels,
    load_array,
    load_data_fashion_mnist,
    synthetic_data,
)
from d2l.classic.loaders import print_wrapped
from d2l.data.hub import DATA_HUB, DATA_URL, download, download_extract, extract

_names = [name for name in globals() if not name.startswith("_")]
__all__ = [*_names, *_modules.installed()]


def __getattr__(name: str) -> _Any:
    if name in _modules.MODULES:
        return _modules.load(name)
    raise AttributeError(_modules.absent(name, __all__))


def __dir__() -> list[str]:
    return sorted({*_names, *_modules.MODULES})


_sys.modules[__name__].__class__ = _ReplaceableNames
