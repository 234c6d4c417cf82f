"""The cluster: its programs (kubectl, Helm), its kinds (minikube, kind, k3d), and what is asked of it.

connection.py      one hub's cluster, checked before anything is changed
kubectl.py         kubectl, tied to one context and namespace
helm.py            Helm, in folders of its own
contexts.py        kube contexts: which cluster is meant
kinds.py           which kinds of clusters there are, and how an image gets into each
minikube.py        the minikube program; start_minikube.py makes a cluster where there is none
classes.py         storage and ingress classes
placement.py       on which nodes servers may run
hub_pod.py         the hub's own pod: asking JupyterHub, running programs there
objects.py         whose an object is; quantities as numbers
claims.py          the volumes of participants' homes
"""
