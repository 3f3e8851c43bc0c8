"""The face, for editors and type checkers; written by `python -m tools.api`."""

from torch.nn import functional as _F
F = _F
from PIL import Image as Image
from dataclasses import asdict as asdict
from matplotlib_inline import backend_inline as backend_inline
import collections as collections
from d2l import torch as _d2l
d2l = _d2l
from torch.utils import data as data
from collections import defaultdict as defaultdict
from IPython import display as display
from scipy.spatial import distance_matrix as distance_matrix
import hashlib as hashlib
import inspect as inspect
import io as io
import json as json
import math as math
from torch import nn as nn
import numpy as _np
np = _np
import os as os
import pandas as _pd
pd = _pd
from matplotlib import pyplot as _plt
plt = _plt
import queue as queue
import random as random
import re as re
import requests as requests
import shutil as shutil
import sys as sys
import tarfile as tarfile
import textwrap as textwrap
import threading as threading
import time as time
import torch as torch
import torchvision as torchvision
from torchvision import transforms as transforms
import zipfile as zipfile
from d2l.base.ops import check_len as check_len
from d2l.base.ops import check_shape as check_shape
from d2l.base.ops import abs as abs
from d2l.base.ops import arange as arange
from d2l.base.ops import argmax as argmax
from d2l.base.ops import astype as astype
from d2l.base.ops import batch_matmul as batch_matmul
from d2l.base.ops import concat as concat
from d2l.base.ops import cos as cos
from d2l.base.ops import cosh as cosh
from d2l.base.ops import exp as exp
from d2l.base.ops import expand_dims as expand_dims
from d2l.base.ops import eye as eye
from d2l.base.ops import float32 as float32
from d2l.base.ops import int32 as int32
from d2l.base.ops import int64 as int64
from d2l.base.ops import linspace as linspace
from d2l.base.ops import log as log
from d2l.base.ops import matmul as matmul
from d2l.base.ops import meshgrid as meshgrid
from d2l.base.ops import normal as normal
from d2l.base.ops import numpy as numpy
from d2l.base.ops import ones as ones
from d2l.base.ops import ones_like as ones_like
from d2l.base.ops import rand as rand
from d2l.base.ops import randn as randn
from d2l.base.ops import reduce_mean as reduce_mean
from d2l.base.ops import reduce_sum as reduce_sum
from d2l.base.ops import repeat as repeat
from d2l.base.ops import reshape as reshape
from d2l.base.ops import sigmoid as sigmoid
from d2l.base.ops import sin as sin
from d2l.base.ops import sinh as sinh
from d2l.base.ops import size as size
from d2l.base.ops import stack as stack
from d2l.base.ops import swapaxes as swapaxes
from d2l.base.ops import tanh as tanh
from d2l.base.ops import tensor as tensor
from d2l.base.ops import to as to
from d2l.base.ops import transpose as transpose
from d2l.base.ops import zeros as zeros
from d2l.base.ops import zeros_like as zeros_like
from d2l.base.timing import Benchmark as Benchmark
from d2l.base.timing import Timer as Timer
from d2l.plot.figure import plot as plot
from d2l.plot.figure import set_axes as set_axes
from d2l.plot.figure import set_figsize as set_figsize
from d2l.plot.figure import use_svg_display as use_svg_display
from d2l.core.board import ProgressBoard as ProgressBoard
from d2l.core.data_module import DataModule as DataModule
from d2l.core.hyperparameters import HyperParameters as HyperParameters
from d2l.core.hyperparameters import add_to_class as add_to_class
from d2l.core.module import Module as Module
from d2l.core.trainer import Trainer as Trainer
from d2l.runs.loggers import MLflowLogger as MLflowLogger
from d2l.runs.loggers import TensorBoardLogger as TensorBoardLogger
from d2l.runs.loggers import TrackioLogger as TrackioLogger
from d2l.runs.loggers import WandbLogger as WandbLogger
from d2l.tutor import watching as __fit_observer
_fit_observer = __fit_observer
from d2l.tutor.sanity import check_model as check_model
from d2l.tutor.sanity import overfit_one_batch as overfit_one_batch
from d2l.tutor.watching import watching as watching
from d2l.data.synthetic import SyntheticRegressionData as SyntheticRegressionData
from d2l.models.linear import LinearRegression as LinearRegression
from d2l.models.linear import LinearRegressionScratch as LinearRegressionScratch
from d2l.models.linear import SGD as SGD
from d2l.classic.evaluation import evaluate_accuracy as evaluate_accuracy
from d2l.classic.linear_networks import predict_ch3 as predict_ch3
from d2l.classic.linear_networks import train_ch3 as train_ch3
from d2l.classic.linear_networks import train_epoch_ch3 as train_epoch_ch3
from d2l.core.classifier import Classifier as Classifier
from d2l.data.fashion_mnist import FashionMNIST as FashionMNIST
from d2l.models.linear import SoftmaxRegression as SoftmaxRegression
from d2l.models.linear import SoftmaxRegressionScratch as SoftmaxRegressionScratch
from d2l.plot.images import show_images as show_images
from d2l.classic.linear_networks import cross_entropy as cross_entropy
from d2l.models.mlp import MLP as MLP
from d2l.models.mlp import MLPScratch as MLPScratch
from d2l.base.devices import cpu as cpu
from d2l.base.devices import gpu as gpu
from d2l.base.devices import num_gpus as num_gpus
from d2l.base.devices import try_all_gpus as try_all_gpus
from d2l.base.devices import try_gpu as try_gpu
from d2l.classic.experiments import load_checkpoint as load_checkpoint
from d2l.classic.experiments import save_checkpoint as save_checkpoint
from d2l.models.cnn import LeNet as LeNet
from d2l.models.cnn import corr2d as corr2d
from d2l.models.cnn import init_cnn as init_cnn
from d2l.models.cnn import Residual as Residual
from d2l.models.cnn import ResNeXtBlock as ResNeXtBlock
from d2l.classic.language_models import RNNModel as RNNModel
from d2l.classic.language_models import RNNModelScratch as RNNModelScratch
from d2l.classic.language_models import predict_ch8 as predict_ch8
from d2l.classic.language_models import train_ch8 as train_ch8
from d2l.classic.language_models import train_epoch_ch8 as train_epoch_ch8
from d2l.classic.sequences import SeqDataLoader as SeqDataLoader
from d2l.classic.sequences import count_corpus as count_corpus
from d2l.classic.sequences import load_corpus_time_machine as load_corpus_time_machine
from d2l.classic.sequences import load_data_time_machine as load_data_time_machine
from d2l.classic.sequences import read_time_machine as read_time_machine
from d2l.classic.sequences import seq_data_iter_random as seq_data_iter_random
from d2l.classic.sequences import seq_data_iter_sequential as seq_data_iter_sequential
from d2l.models.language_model import RNNLM as RNNLM
from d2l.models.language_model import RNNLMScratch as RNNLMScratch
from d2l.models.rnn import RNN as RNN
from d2l.models.rnn import RNNScratch as RNNScratch
from d2l.text.time_machine import TinyStory as TinyStory
from d2l.text.time_machine import CharacterText as CharacterText
from d2l.text.time_machine import TimeMachine as TimeMachine
from d2l.text.tokens import tokenize as tokenize
from d2l.text.vocab import Vocab as Vocab
from d2l.classic.seq2seq import predict_seq2seq as predict_seq2seq
from d2l.classic.seq2seq import train_seq2seq as train_seq2seq
from d2l.models.seq2seq import Decoder as Decoder
from d2l.models.seq2seq import Encoder as Encoder
from d2l.models.seq2seq import EncoderDecoder as EncoderDecoder
from d2l.models.transformers.masks import MaskedSoftmaxCELoss as MaskedSoftmaxCELoss
from d2l.models.transformers.masks import sequence_mask as sequence_mask
from d2l.models.rnn import GRU as GRU
from d2l.models.seq2seq import Seq2Seq as Seq2Seq
from d2l.models.seq2seq import Seq2SeqEncoder as Seq2SeqEncoder
from d2l.models.seq2seq import init_seq2seq as init_seq2seq
from d2l.plot.figure import show_list_len_pair_hist as show_list_len_pair_hist
from d2l.text.translation_metrics import bleu as bleu
from d2l.models.rnn import LSTM as LSTM
from d2l.models.rnn import LSTMScratch as LSTMScratch
from d2l.text.translation_metrics import chrf as chrf
from d2l.text.decoding import beam_search as beam_search
from d2l.text.decoding import generate as generate
from d2l.text.decoding import sample_next as sample_next
from d2l.text.time_machine import SyntheticTranslation as SyntheticTranslation
from d2l.text.sentence_pairs import SentencePairs as SentencePairs
from d2l.text.tokens import build_array_nmt as build_array_nmt
from d2l.text.tokens import preprocess_nmt as preprocess_nmt
from d2l.text.tokens import tokenize_nmt as tokenize_nmt
from d2l.text.tokens import truncate_pad as truncate_pad
from d2l.text.translation import MTFraEng as MTFraEng
from d2l.text.translation import load_data_nmt as load_data_nmt
from d2l.text.translation import read_data_nmt as read_data_nmt
from d2l.classic.transformer import EncoderBlock as EncoderBlock
from d2l.classic.transformer import transpose_output as transpose_output
from d2l.classic.transformer import transpose_qkv as transpose_qkv
from d2l.models.transformers.attention import AdditiveAttention as AdditiveAttention
from d2l.models.transformers.attention import DotProductAttention as DotProductAttention
from d2l.models.seq2seq import AttentionDecoder as AttentionDecoder
from d2l.models.transformers.masks import masked_softmax as masked_softmax
from d2l.models.transformers.attention import MultiHeadAttention as MultiHeadAttention
from d2l.models.transformers.embedding import PositionalEncoding as PositionalEncoding
from d2l.models.transformers.transformer import AddNorm as AddNorm
from d2l.models.transformers.transformer import PositionWiseFFN as PositionWiseFFN
from d2l.models.transformers.transformer import TransformerEncoder as TransformerEncoder
from d2l.models.transformers.transformer import TransformerEncoderBlock as TransformerEncoderBlock
from d2l.plot.images import show_heatmaps as show_heatmaps
from torch.nn import Module as _nn_Module
nn_Module = _nn_Module
from d2l.models.transformers.gpt import GPT as GPT
from d2l.models.transformers.grouped_query import GQAAttention as GQAAttention
from d2l.models.transformers.gpt import FeedForward as FeedForward
from d2l.models.transformers.gpt import TransformerBlock as TransformerBlock
from d2l.models.transformers.vit import PatchEmbedding as PatchEmbedding
from d2l.models.transformers.vit import ViT as ViT
from d2l.models.transformers.vit import ViTBlock as ViTBlock
from d2l.classic.optimization import get_data_ch11 as get_data_ch11
from d2l.classic.optimization import train_ch11 as train_ch11
from d2l.classic.optimization import train_concise_ch11 as train_concise_ch11
from d2l.classic.optimization import annotate as annotate
from d2l.classic.optimization import show_trace_2d as show_trace_2d
from d2l.classic.optimization import train_2d as train_2d
from d2l.classic.language_models import train_lm as train_lm
from d2l.models.language_model import TinyLM as TinyLM
from d2l.classic.classification import split_batch as split_batch
from d2l.models.cnn import resnet18 as resnet18
from d2l.classic.classification import train_batch_ch13 as train_batch_ch13
from d2l.classic.classification import train_ch13 as train_ch13
from d2l.data.kaggle import copyfile as copyfile
from d2l.data.kaggle import read_csv_labels as read_csv_labels
from d2l.data.kaggle import reorg_test as reorg_test
from d2l.data.kaggle import reorg_train_valid as reorg_train_valid
from d2l.vision.boxes import multibox_prior as multibox_prior
from d2l.vision.boxes import offset_boxes as offset_boxes
from d2l.vision.boxes import offset_inverse as offset_inverse
from d2l.vision.bananas import BananasDataset as BananasDataset
from d2l.vision.bananas import load_data_bananas as load_data_bananas
from d2l.vision.bananas import read_data_bananas as read_data_bananas
from d2l.vision.boxes import box_center_to_corner as box_center_to_corner
from d2l.vision.boxes import box_corner_to_center as box_corner_to_center
from d2l.vision.boxes import box_iou as box_iou
from d2l.vision.detection import multibox_detection as multibox_detection
from d2l.vision.detection import nms as nms
from d2l.vision.detection import bbox_to_rect as bbox_to_rect
from d2l.vision.detection import show_bboxes as show_bboxes
from d2l.vision.targets import assign_anchor_to_bbox as assign_anchor_to_bbox
from d2l.vision.targets import multibox_target as multibox_target
from d2l.vision.voc import VOCSegDataset as VOCSegDataset
from d2l.vision.voc import load_data_voc as load_data_voc
from d2l.vision.voc import read_voc_images as read_voc_images
from d2l.vision.voc import voc_rand_crop as voc_rand_crop
from d2l.vision.voc import VOC_CLASSES as VOC_CLASSES
from d2l.vision.voc import VOC_COLORMAP as VOC_COLORMAP
from d2l.vision.voc import voc_colormap2label as voc_colormap2label
from d2l.vision.voc import voc_label_indices as voc_label_indices
from d2l.models.transformers.bert import BERTEncoder as BERTEncoder
from d2l.models.transformers.bert import BERTModel as BERTModel
from d2l.models.transformers.bert import MaskLM as MaskLM
from d2l.models.transformers.bert import NextSentencePred as NextSentencePred
from d2l.models.transformers.bert import bert_losses as __get_batch_loss_bert
_get_batch_loss_bert = __get_batch_loss_bert
from d2l.text.bpe import BPETokenizer as BPETokenizer
from d2l.text.glove import TokenEmbedding as TokenEmbedding
from d2l.text.ptb import batchify as batchify
from d2l.text.ptb import load_data_ptb as load_data_ptb
from d2l.text.ptb import read_ptb as read_ptb
from d2l.text.ptb import RandomGenerator as RandomGenerator
from d2l.text.ptb import get_centers_and_contexts as get_centers_and_contexts
from d2l.text.ptb import get_negatives as get_negatives
from d2l.text.ptb import subsample as subsample
from d2l.text.wiki import WikiTextDataset as __WikiTextDataset
_WikiTextDataset = __WikiTextDataset
from d2l.text.wiki import get_tokens_and_segments as get_tokens_and_segments
from d2l.text.wiki import load_data_wiki as load_data_wiki
from d2l.text.wiki import read_wiki as __read_wiki
_read_wiki = __read_wiki
from d2l.text.imdb import load_data_imdb as load_data_imdb
from d2l.text.imdb import predict_sentiment as predict_sentiment
from d2l.text.imdb import read_imdb as read_imdb
from d2l.text.snli import SNLIDataset as SNLIDataset
from d2l.text.snli import load_data_snli as load_data_snli
from d2l.text.snli import predict_snli as predict_snli
from d2l.text.snli import read_snli as read_snli
from d2l.plot.grid_world import show_Q_function_progress as show_Q_function_progress
from d2l.plot.grid_world import show_value_function_progress as show_value_function_progress
from d2l.rl import frozen_lake as frozen_lake
from d2l.rl import make_env as make_env
from d2l.classic.experiments import evaluate as evaluate
from d2l.classic.experiments import run_seeds as run_seeds
from d2l.plot.run_curves import plot_curves as plot_curves
from d2l.models.gaussian_process import rbfkernel as rbfkernel
from d2l.hpo.tuner import SuccessiveHalvingScheduler as SuccessiveHalvingScheduler
from d2l.hpo.tuner import HPOTrainer as HPOTrainer
from d2l.hpo.tuner import hpo_objective_lenet as hpo_objective_lenet
from d2l.hpo.tuner import BasicScheduler as BasicScheduler
from d2l.hpo.tuner import HPOScheduler as HPOScheduler
from d2l.hpo.search import HPOSearcher as HPOSearcher
from d2l.hpo.search import RandomSearcher as RandomSearcher
from d2l.hpo.tuner import HPOTuner as HPOTuner
from d2l.models.gan import update_D as update_D
from d2l.models.gan import update_G as update_G
from d2l.classic.evaluation import Accumulator as Accumulator
from d2l.classic.animator import Animator as Animator
from d2l.classic.classification import train_ch6 as train_ch6
from d2l.classic.optimization import grad_clipping as grad_clipping
from d2l.classic.loaders import download_all as download_all
from d2l.classic.evaluation import accuracy as accuracy
from d2l.classic.evaluation import evaluate_accuracy_gpu as evaluate_accuracy_gpu
from d2l.classic.evaluation import evaluate_loss as evaluate_loss
from d2l.classic.linear_networks import linreg as linreg
from d2l.classic.linear_networks import sgd as sgd
from d2l.classic.linear_networks import squared_loss as squared_loss
from d2l.classic.loaders import get_dataloader_workers as get_dataloader_workers
from d2l.classic.loaders import get_fashion_mnist_labels as get_fashion_mnist_labels
from d2l.classic.loaders import load_array as load_array
from d2l.classic.loaders import load_data_fashion_mnist as load_data_fashion_mnist
from d2l.classic.loaders import synthetic_data as synthetic_data
from d2l.classic.loaders import print_wrapped as print_wrapped
from d2l.data.hub import DATA_HUB as DATA_HUB
from d2l.data.hub import DATA_URL as DATA_URL
from d2l.data.hub import download as download
from d2l.data.hub import download_extract as download_extract
from d2l.data.hub import extract as extract

__version__: str
