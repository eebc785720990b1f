"""What a server over HTTP needs: checked hosts, limited bodies, patience, errors as JSON.

It may import `errors` and `checks`, and the packages of the extra lab.
"""
