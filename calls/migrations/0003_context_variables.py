"""Context variables: what may be known of every contact, and what is of the business."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('calls', '0002_first_search'),
        ('dashboard', '0001_first_version'),
    ]

    operations = [
        migrations.CreateModel(
            name='ContextVariable',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(choices=[('contact', 'Each contact'), ('business', 'The business')], max_length=8)),
                ('name', models.CharField(max_length=60)),
                ('label', models.CharField(max_length=120)),
                ('description', models.CharField(blank=True, max_length=300)),
                ('kind', models.CharField(choices=[('text', 'Text'), ('number', 'Number'), ('date', 'Date'), ('boolean', 'True or false'), ('select', 'One of a list')], default='text', max_length=7)),
                ('options', models.JSONField(blank=True, default=list)),
                ('value', models.CharField(blank=True, max_length=1000)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='context_variables', to='dashboard.workspace')),
            ],
            options={
                'ordering': ['scope', 'name'],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'scope', 'name'), name='context_variable_once'), models.CheckConstraint(condition=models.Q(('scope__in', ['contact', 'business'])), name='variable_scope_known'), models.CheckConstraint(condition=models.Q(('kind__in', ['text', 'number', 'date', 'boolean', 'select'])), name='variable_kind_known'), models.CheckConstraint(condition=models.Q(('scope', 'business'), ('value', ''), _connector='OR'), name='variable_value_is_the_business')],
            },
        ),
    ]
