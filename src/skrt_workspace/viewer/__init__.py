"""A linked viewer in a notebook: three planes and 3D of an image, its structures, a dose and another image.

    grids     scikit-rt's objects as arrays on one grid, and as NIfTI for the browser
    layers    structures as label images in which none covers another
    doses     isodose lines and dose-volume curves
    mixing    two images as one, for pictures
    deformation  a deformation on a coarse lattice
    drawing   contours that are drawn or corrected, with undo
    picture   the same as a picture, for where there is no WebGL and no kernel
    opening   what a double click on a file shows: a program, with belonging and summaries
    viewer    what `from skrt_workspace import view` gives
    widget    its side in the page, whose scripts are labextension/static/{notebook,shown,planes,...}.js

The drawing in the browser is NiiVue's (https://github.com/niivue/ipyniivue), which needs no network."""
