"""NumPy, one expression at a time: the generated pullback, run by Python with every access checked.

Values are NumPy's to the last digits, gradients those of differences; arrays may have any strides.
"""

from __future__ import annotations

import linecache

import numpy as np
import pytest
from harness.interpreted import run

import undertow as ut
from undertow._compile import compile_pullback, variant

_R = np.random.default_rng(5)
ARGUMENTS = {"a": _R.uniform(0.5, 1.5, (3, 4)), "b": _R.uniform(0.5, 1.5, 4), "c": _R.uniform(0.5, 1.5, (2, 3, 4)),
             "s": _R.uniform(0.5, 1.5, (3, 3)) + 2 * np.eye(3), "i": np.array([2, 0, 1, 1])}
FORMS = r"""
np.sum(a,axis=-1)@a[:,0]
np.sort(a,axis=0)
np.sort(a,axis=1)
np.argsort(a,axis=1)*a
np.quantile(b,0.3)
np.percentile(b,[10,70])
np.percentile(a,[10,70])
np.quantile(a,0.4,axis=0)
np.quantile(a,0.4,axis=1)
np.median(a,axis=0)
np.median(a,axis=1)
np.unique(i)*1.0
np.digitize(b,np.array([0.7,1.0,1.2]))*b
np.bincount(i,b)
np.bincount(i)*1.0
np.bincount(i,weights=b,minlength=6)**2
np.histogram(a,bins=3)[0]*np.histogram(a,bins=3)[1][:3]
np.histogram(a,bins=4,range=(0.6,1.2))[0]*1.0
np.histogram(b,np.array([0.5,0.9,1.5]))[0]*1.0
np.average(a,axis=0,weights=b[:3])
np.average(a,axis=1,weights=b)
np.average(a,weights=a)
np.average(a,axis=0)
np.cov(a)
np.cov(a,rowvar=False,bias=True)
np.corrcoef(a)
np.nan_to_num(a)
np.nansum(a,axis=0)
np.nanmean(a)
np.gradient(b)
np.gradient(b,0.1)
np.gradient(b,np.array([0.0,0.1,0.3,0.4]))
np.gradient(b,0.1,edge_order=2)
np.gradient(a)[0]
np.gradient(a,0.2,0.3)[1]
np.gradient(a,axis=1)
np.trapezoid(a,dx=0.1)
np.trapezoid(a,axis=0)
np.trapezoid(a,b,axis=1)
np.unwrap(b*9)
np.ediff1d(a)
np.take_along_axis(a,np.argsort(a,axis=1),axis=1)
np.take_along_axis(a,np.argsort(a,axis=0),axis=0)
np.select([b>1.2,b>0.9],[b,2*b],0.5)
np.kron(b,b)
np.correlate(b,b[:2])
np.correlate(b,b[:3],'full')
np.sinc(b)
np.vander(b,3)
np.vander(b,3,increasing=True)
np.polymul(b,b[:2])
np.polyint(b)
np.linalg.solve(np.stack([s,2*s]),a[:2,:3,None])
np.linalg.solve(np.stack([s,2*s]),a[:3,:2])
np.linalg.inv(np.stack([s,2*s]))
np.linalg.det(np.stack([s,2*s]))
np.linalg.slogdet(np.stack([s,2*s]))[1]
np.linalg.cholesky(np.stack([s@s.T,2*s@s.T]))
scipy.linalg.hankel(b)
scipy.linalg.hankel(b,b[::-1])
scipy.linalg.block_diag(s,a)
scipy.linalg.norm(a)
scipy.linalg.solve_toeplitz(b*np.array([9.0,1,1,1]),b)
scipy.linalg.toeplitz(b,2*b)
scipy.linalg.circulant(b)
scipy.signal.convolve(b,b[:2])
scipy.signal.convolve(b,b[:2],'same')
scipy.signal.fftconvolve(b,b[:2],'valid')
scipy.signal.lfilter(b[:2],np.array([1.0,0.5,0.2]),b)
scipy.signal.lfilter(b[:3],np.array([2.0,0.5]),b)
scipy.spatial.distance.cdist(a,2*a)
scipy.spatial.distance.cdist(a,2*a,'cityblock')
scipy.spatial.distance.cdist(a,2*a,'sqeuclidean')
scipy.special.logsumexp(a,axis=1)
scipy.special.softmax(a,axis=0)
scipy.special.comb(5,2)*scipy.special.factorial(3)*b
np.sum(c,axis=(0,2))
np.sum(c,axis=(0,2),keepdims=True)
np.sum(c,axis=(0,1))
np.sum(c,axis=1)
c.sum(axis=-1,keepdims=True)*c
np.mean(c,axis=(1,2))
np.mean(a)
a.mean(axis=1,keepdims=True)-a
np.var(a,axis=0,ddof=1)
np.std(a,axis=1,keepdims=True)
np.std(c)
np.prod(a,axis=0)
np.max(a,axis=0)
np.max(c,axis=(0,2))
a.min(axis=1,keepdims=True)+a
np.ptp(a,axis=1)
np.argmax(a,axis=1)*1.5
np.argmin(a)
np.argmin(c,axis=0)*b
np.any(a>1.2,axis=0)*b
np.all(a>0.6,axis=1)*1.0
np.count_nonzero(a>1,axis=0)*b
np.cumsum(a)
np.cumsum(a,axis=0)
np.cumsum(c,axis=1)
np.cumprod(a,axis=1)
np.cumsum(b>1)*b
np.linalg.norm(a)
np.linalg.norm(b)
np.linalg.norm(a,axis=1)
np.linalg.norm(a,axis=0,keepdims=True)
np.linalg.norm(b,1)
np.linalg.norm(b,np.inf)
np.linalg.norm(a,'fro')
a@b
b@a.T
a.T@a
c@b
c@a.T
np.matmul(c,a.T)
np.dot(b,b)
np.dot(a,b)
np.vdot(a,a)
np.inner(a,a)
np.inner(b,a)
np.outer(b,a[0])
np.outer(a,b)
np.cross(a[:,:3],a[:,1:])
np.cross(b[:3],a[0,1:])
np.einsum('ij,j->i',a,b)
np.einsum('ij,ij->j',a,a)
np.einsum('ij,ij',a,a)
np.einsum('ii->i',s)
np.einsum('ii',s)
np.einsum('ij,kj->ik',a,a)
np.einsum('ijk,k->ij',c,b)
np.einsum('ijk,ljk->il',c,c)
np.einsum('ij->ji',a)
np.einsum('ij',a)
np.einsum('ba',a)
np.tensordot(c,a,axes=([1,2],[0,1]))
np.tensordot(a,b,axes=1)
np.tensordot(c,a)
np.trace(s)
np.diag(s)
np.diag(b)
np.diag(b,1)
np.diag(s,-1)
np.diagonal(s,1)
np.triu(a)
np.tril(a,-1)
np.triu(c,1)
np.transpose(c,(2,0,1))
c.transpose(1,0,2)
c.transpose()
np.swapaxes(c,0,-1)
np.moveaxis(c,0,-1)
np.moveaxis(c,-1,0)
np.reshape(c,(6,4))
c.reshape(3,-1)
c.reshape(-1)
c.reshape((4,6))
a.ravel()
a.T.ravel()
c.reshape(2,12)[1]
a.reshape(2,6)[:,::2]
a[1:].reshape(-1)
a[:,1:].reshape(-1)
a.flatten()
np.squeeze(a[:,None,:])
np.squeeze(a[None],axis=0)
np.expand_dims(a,1)
np.expand_dims(a,-1)*c[0,:,:,None]
np.expand_dims(b,0)
np.atleast_2d(b)
np.broadcast_to(b,(3,4))*a
np.flip(a)
np.flip(a,axis=1)
np.flipud(a)
np.fliplr(a)
np.roll(a,1)
np.roll(b,2)
np.roll(b,-3)
np.roll(a,1,axis=0)
np.roll(a,(1,-1),axis=(0,1))
np.roll(c,2,axis=-1)
np.diff(b)
np.diff(a,axis=0)
np.diff(b,n=2)
np.concatenate([a,a*2])
np.concatenate((a,a[:,:2]),axis=1)
np.concatenate([b,b,b[:1]])
np.concatenate([a,a],axis=None)
np.concatenate([c,c],axis=-1)
np.stack([b,b*2])
np.stack([a,a],axis=1)
np.stack((b,b),axis=-1)
np.hstack([b,b])
np.hstack([a,a])
np.vstack([b,b])
np.vstack((a,b))
np.column_stack([b,b*2])
np.append(b,3.0)
np.append(a,b)
np.tile(b,3)
np.tile(a,(2,1))
np.tile(b,(2,2))
np.repeat(b,2)
np.repeat(a,2,axis=0)
np.repeat(a,3,axis=1)
np.pad(b,1)
np.pad(a,((1,2),(0,1)))
np.pad(b,(2,1),constant_values=3.0)
np.take(b,i)
np.take(a,i,axis=1)
b.take(i)
b[i]
a[:,i]
a[i[:2]]
a[i[:2],i[2:]]
a[i[:2]-1,:2]
a[[0,2]]
a[[0,2],[1,3]]
a[:,[0,-1]]
a[-1]
a[...,1]
a[...,None]*b[None,:,None]
c[:,1]
c[1,:,i]
c[:,i[:2],i[2:]]
c[0,i[:2]]
c[i[1:3],:,1]
c[i[1:3]][:,0]
a[a>1]
a[a>1]**2
c[:,a>1]
a[a[:,0]>0.5]
b[b>5]
a[1,b>1]
np.where(a>1,a,0)
np.where(a>1,b,-a)
np.where(b>1,1,2)*b
np.clip(a,0.8,1.2)
np.clip(a,None,1.0)
a.clip(min=0.9)
a.clip(0.9,b)
np.maximum(a,b)
np.minimum(a,1)
np.abs(a-1)
np.sign(a-1)*a
np.sqrt(a)+np.exp(-a)+np.log(a)+np.log1p(a)+np.expm1(a)
np.sin(a)*np.cos(a)+np.tan(a)
np.arctan2(a,b)+np.hypot(a,b)
np.arcsin(a/2)+np.arccos(a/2)+np.arctan(a)
np.sinh(a)+np.cosh(a)+np.tanh(a)+np.arcsinh(a)+np.arccosh(a+1)+np.arctanh(a/2)
np.power(a,b)
np.power(a,2)
a**3+a**-1+a**0.5+2.0**a
np.square(a)+np.reciprocal(a)+np.negative(a)+np.positive(a)
a%0.3
np.mod(a,b)
a//0.3*b
np.floor(a*3)+np.ceil(a*3)*a+np.trunc(a*2)+np.rint(a*3)
np.deg2rad(a)+np.degrees(a)
np.isnan(a)*a+np.isfinite(a)
np.isclose(a,b)*a
np.allclose(a,a)*a
np.array_equal(a,a)*b
np.logical_and(a>1,b>1)*a
np.logical_not(a>1)*a+np.logical_xor(a>1,b>1)
~(a>1)*a
(a>1)+(b>1)*a
(a>1)*2*a
np.add.outer(b,b)
np.subtract.outer(b,a[0])
np.multiply.outer(b,b)
np.add.reduce(a)
np.add.reduce(a,axis=1)
np.maximum.reduce(a,axis=1)
np.add.accumulate(b)
np.zeros(3)+a[:,0]
np.ones((3,4))*a
np.full((2,2),a[0,0])
np.zeros_like(a)+a
np.ones_like(b)*b
np.full_like(b,2)*b
np.eye(3)@s
np.eye(3,4,k=1)*a
np.identity(3)*s
np.arange(4)*b
np.arange(1,5)*b
np.arange(0,8,2)*b
np.arange(4,0,-1)*b
np.arange(0.0,1.0,0.25)*b
np.linspace(0,1,4)*b
np.linspace(0,1,4,endpoint=False)*b
np.array([b[0],b[1]**2,3])
np.array([[b[0],1],[2,b[1]]])
np.array([a[0],b])
np.array(a)*2
np.asarray(a)+1
a.astype(int)*a
(a*3).astype(np.int64)*1.5
np.float64(b[0])*b
np.meshgrid(b,a[:,0])[0]*a
np.meshgrid(b,a[:,0],indexing='ij')[1]
np.linalg.solve(s,s[0])
np.linalg.solve(s,a)
np.linalg.inv(s)
np.linalg.det(s)
np.linalg.slogdet(s)[1]
np.linalg.cholesky(s@s.T)
np.linalg.matrix_power(s,3)
np.sort(b)
np.argsort(b)*b
np.median(a)
np.searchsorted(np.sort(b),0.9)*b
np.polyval(b,1.5)
np.polyval(b,a)
np.trapezoid(b)
np.trapezoid(b,dx=0.5)
np.trapezoid(b,np.arange(4.0))
np.interp(0.5,np.arange(4.0),b)
np.interp(b,np.arange(4.0),b)
np.convolve(b,b[:2])
np.convolve(b,b[:3],'same')
np.convolve(b,b[:3],mode='valid')
np.kron(s,a[:2,:2])
np.outer(b,b).trace()
a.dot(b)
a.T.dot(a)
a.size*b+a.ndim+a.shape[1]+len(a)
float(b[0])*b
b.item(2)*b
a[1,2].item()*b
sum(b)
max(b[0],b[1])*b
min(b[0],2)*b
abs(b[0]-3)*b
sum([x*2 for x in b])
[x for x in (b[0],b[1])][1]*b
math.sqrt(b[0])*math.exp(b[1])*b
math.hypot(b[0],b[1])+math.atan2(b[0],b[1])
math.pow(b[0],2)*b
round(2.5)*b
int(b[0]*10)*b
b[0]//0.3*b
b[0]%0.3*b
-7//2*b[0]+(-7)%3
divmod(7,2)[0]*b
np.linalg.norm(a-a.mean(0),axis=-1)
np.exp(a-a.max(1,keepdims=True))/np.exp(a-a.max(1,keepdims=True)).sum(1,keepdims=True)
np.log(np.sum(np.exp(a),axis=1))
np.dstack([a,a])
np.conj(b)
s[np.diag_indices(3)]
np.flatnonzero(b>1)*1.0
np.nonzero(b>1)[0]*b[0]
np.argwhere(b>1)*1.0
np.indices((2,3))[0]*1.0
np.fromfunction(lambda p,q:p+q,(2,3))
np.linalg.multi_dot([s,s,s])
b[::-1][1:]
b[-2:]
b[1:-1]
b[2:1]
b[::3]
b[3::-2]
b[-1:-3:-1]
a[::-1,::2]
a[1][2]*b
a[:,1:3].T@a[:,:2]
a[:2].sum()+a[2:].sum()
a.copy()[0]
(a+b)[1]
(a*2)[:,0]
(a@b)[1]*b
a.T[1]
b if a.shape[0]>2 else -b
b*(1 if b[0]>1 else 2)
(b[0]>1 and b[1]>1)*b
(not b[0]>1)*b
b*(0<b[0]<1)
b*(3 in (1,2,3))
[b,a[0]][0]
(b,a[0])[-1]
{'k':b}['k']
sum(x*k for k,x in enumerate(b))
any(x>1 for x in b)*b
all([x>0 for x in b])*b
""".strip().splitlines()


@pytest.fixture(autouse=True)
def by_python(monkeypatch):
    """Generated source is run as it is."""
    monkeypatch.setattr(variant, "compile_source", lambda source, name: lambda *args: run(source, name, *args))


def program_of(form):
    """A function of all arguments whose value is a number."""
    text = f"def f(a, b, c, s, i):\n    y = {form}\n    return np.sum(np.sin(y) * y) if isinstance(y, np.ndarray) else y * 1.5\n"
    filename = f"<form {form}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    scope = {"np": np}
    exec("import math, scipy.linalg, scipy.signal, scipy.spatial, scipy.special", scope)
    exec(compile(text, filename, "exec"), scope)
    return scope["f"]


def strided(x):
    """The same elements with gaps between them, the first axis running down."""
    wide = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in x.shape)][::-1]
    view[...] = x
    return view


@pytest.mark.parametrize("form", [pytest.param(f, marks=() if k % 5 == 0 else pytest.mark.slow, id=f)
                                  for k, f in enumerate(FORMS)])
@pytest.mark.parametrize("layout", [np.array, strided], ids=["contiguous", "strided"])
def test_form(form, layout):
    """Value, type and gradient of one expression."""
    f = program_of(form)
    args = [layout(x) for x in ARGUMENTS.values()]
    directions = [np.random.default_rng(k).standard_normal(x.shape) for k, x in enumerate(args[:4])]

    def along(h):
        return f(*(x + h * d for x, d in zip(args, directions, strict=False)), args[4])

    with np.errstate(all="ignore"):
        expected = f(*args)
        h = 1e-5
        difference = (4 * (along(h / 2) - along(-h / 2)) / h - (along(h) - along(-h)) / (2 * h)) / 3
        compiled = compile_pullback(f, tuple(args), (True,) * 4 + (False,))
        value, bars = compiled.value_and_pullback(tuple(args), 1.0)
    assert type(value) is type(expected)
    loose = "float32" in form
    np.testing.assert_allclose(value, expected, rtol=1e-6 if loose else 1e-12)
    got = sum(np.sum(bar * d) for bar, d in zip(bars, directions, strict=False) if bar is not None)
    if not loose:  # differences of rounded values say nothing
        np.testing.assert_allclose(got, difference, rtol=1e-5, atol=1e-6)


def test_text_contains_text():
    def f(x, text):
        return x * 2.0 if "->" in text and "abc" not in text else x * 3.0

    assert [ut.grad(f, tier="compile")(1.0, t) for t in ("a->b", "abc->", "ab", "->", "")] == [2.0, 3.0, 3.0, 2.0, 3.0]
