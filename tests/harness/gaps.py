"""Known gaps: what does not work yet, by program and mode, measured by a run of the quick suite.

The causes, most general first: assigning ``.shape`` of a recorded array; ``np.nditer``; results that hold one array in
several places; ``np.save`` and stores through a ``memoryview`` are not refused; types (``float`` against
``np.float64``) of complex parts and of jitted functions; texts of exceptions that name a type or a recursion depth.
"""

from __future__ import annotations

REASON = "known gap: see the module's docstring for the causes"
FAILING: dict[str, tuple[str, ...]] = {
    "control_flow.bisection_to_tolerance": ("reverse over reverse",),
    "decorators.calls_jitted_function": ("forward", "grad", "reverse",),
    "decorators.calls_jitted_ufunc": ("forward", "grad", "reverse",),
    "decorators.jitted_function_itself": ("forward", "grad", "reverse",),
    "decorators.numpy_vectorize": ("forward", "grad", "reverse",),
    "dit.single_precision_complex": ("forward", "reverse",),
    "exceptions.recursion_error_escapes": ("forward", "grad", "reverse",),
    "numpy_forms.array_methods": ("forward", "reverse",),
    "numpy_forms.products": ("forward", "reverse",),
    "numpy_forms.reductions_with_all_options": ("forward", "reverse",),
    "numpy_forms.unary_ufuncs": ("forward", "reverse",),
    "refusals.compiled_image_filter": ("forward", "grad", "reverse",),
    "refusals.generator_with_active_shape_parameter": ("forward", "grad", "reverse",),
    "refusals.integer_array_by_casting_out": ("forward", "grad", "reverse",),
    "refusals.memory_view_store": ("forward", "grad", "reverse",),
    "refusals.save_and_load": ("forward", "grad", "reverse",),
    "science.singular_values_and_projection": ("forward",),
    "scipy_programs.normal_log_density": ("forward", "forward over reverse", "grad", "reverse",),
    "views.broadcast_arrays_views": ("forward", "forward over reverse", "grad", "reverse",),
    "views.meshgrid_views": ("forward", "grad", "reverse",),
    "views.reshape_then_write": ("forward", "grad", "reverse",),
    "views.view_method": ("forward", "forward over reverse", "grad", "reverse",),
}
GAPS: dict[tuple[str, str], str] = {(name, mode): REASON for name, modes in FAILING.items() for mode in modes}
